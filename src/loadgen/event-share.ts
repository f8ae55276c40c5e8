/**
 * Which events of the one global schedule belong to which shard. Every shard sees the same schedule
 * and picks its own events by arithmetic, so the sum over shards is the schedule itself: no rate is
 * lost to rounding, whatever the arrival model.
 *
 * Connection c lives on shard c mod k at row floor(c / k); event e is for connection e mod N.
 *
 *   N = 5, k = 2    event       0   1   2   3   4 │ 5   6   7   8   9 │ …
 *                   connection  0   1   2   3   4 │ 0   1   2   3   4 │
 *                   shard       0   1   0   1   0 │ 0   1   0   1   0 │
 */
import type { TickPhase } from '../stats/aligned-ticker.ts'
import { shareOf } from './work-division.ts'

export interface EventShare {
  /** Connections in all. */
  readonly connections: number
  readonly shard: number
  readonly shards: number
}

/** When in each period the shard's timers run: as far from those of the others as may be. */
export function phaseOf({ shard, shards }: EventShare): TickPhase {
  return (shard + 0.5) / shards
}

/** Connections that live on this shard. */
export function connectionsOf(share: EventShare): number {
  return shareOf(share.connections, share.shard, share.shards)
}

/** Global number of the connection in local row `row`. */
export function connectionAt(share: EventShare, row: number): number {
  return row * share.shards + share.shard
}

/** Global number of this shard's `done`-th event. */
export function eventAt(share: EventShare, done: number): number {
  const local = connectionsOf(share)
  const round = Math.floor(done / local)
  return round * share.connections + connectionAt(share, done - round * local)
}

/** How many of the first `total` global events are this shard's. */
export function eventsOf(share: EventShare, total: number): number {
  const rounds = Math.floor(total / share.connections)
  const rest = total - rounds * share.connections
  return rounds * connectionsOf(share) + shareOf(rest, share.shard, share.shards)
}

/**
 * When in the order of connecting the shard's row comes. Shards connect in groups of `lanes`, one
 * group after the other: a hundred processes that all connect a little would spend the cores on
 * switching between them. With as many lanes as shards this is connectionAt().
 *
 *   shards of 3, 3, 2, 2 rows; lanes 2    shards 0, 1: positions 0 … 5, taking turns
 *                                         shards 2, 3: positions 6 … 9
 */
export function connectPositionAt(share: EventShare, row: number, lanes: number): number {
  const first = share.shard - (share.shard % lanes)
  const width = Math.min(lanes, share.shards - first)
  let before = 0
  for (let shard = 0; shard < first; shard++) {
    before += shareOf(share.connections, shard, share.shards)
  }
  return before + row * width + (share.shard - first)
}
