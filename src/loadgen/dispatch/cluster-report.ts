/** What all shards saw of the nodes of a cluster, as one table: a row a node. */
import type { ClusterNodeReport, ClusterReport, TimedCount } from '../../stats/cluster-report.ts'
import { LatencyPair } from '../latency-pair.ts'
import type { ShardResult } from '../shard-messages.ts'

/** An hour; more of them would make the report of a long run large. */
const MOVING_SECONDS_MAX = 3_600
/** Of one node: in the picture more would be thinner than a pixel. */
const CHANGES_MAX = 1_200

/**
 * Empty where the run had no dispatch.
 *
 * @param fromMs begin of the measured time, from the start of the run
 */
export function clusterReportOf(
  results: readonly ShardResult[],
  fromMs = 0,
): { cluster?: ClusterReport } {
  const found = results.map(({ dispatch }) => dispatch).filter((one) => one !== undefined)
  if (found.length === 0) return {}
  const moves = summed(found.map(({ movesBySecond }) => movesBySecond))
  const moving = moves.filter((count) => count > 0)
  const total = sum(moves)
  const cluster = {
    nodes: nodesOf(
      found.flatMap(({ nodes }) => nodes),
      fromMs,
    ),
    devices_affected: affectedIn(results),
    devices_away_at_end: sum(found.map(({ away }) => away)),
    moves: total,
    moves_per_second: moving.length === 0 ? 0 : Math.round(total / moving.length),
    moves_per_second_max: moves.reduce((most, count) => Math.max(most, count), 0),
    ...(moving.length > MOVING_SECONDS_MAX ? {} : { moves_over_time: timed(moves, fromMs) }),
  }
  return { cluster }
}

type NodeCounts = NonNullable<ShardResult['dispatch']>['nodes'][number]

function nodesOf(all: readonly NodeCounts[], fromMs: number): ClusterNodeReport[] {
  const names = [...new Set(all.map(({ node }) => node))].sort()
  return names.map((node) => {
    const parts = all.filter((one) => one.node === node)
    const total = (read: (part: NodeCounts) => number): number => sum(parts.map(read))
    const atStart = total((part) => part.atStart)
    const changes = summed(parts.map(({ changesBySecond }) => changesBySecond))
    return {
      node,
      site: parts[0].site,
      devices_at_start: atStart,
      devices_at_end: total((part) => part.alive),
      welcomed: total((part) => part.welcomed),
      lost: total((part) => part.lost),
      moved: total((part) => part.moved),
      failed: total((part) => part.failed),
      over_time: devicesOverTime(atStart, changes, fromMs),
    }
  })
}

function devicesOverTime(
  atStart: number,
  changes: readonly number[],
  fromMs: number,
): TimedCount[] {
  let devices = atStart
  const rows: TimedCount[] = [[Math.round(fromMs), devices]]
  for (const [second, change] of changes.entries()) {
    devices += change
    if (change !== 0) rows.push([Math.round(fromMs + (second + 1) * 1000), devices])
  }
  const step = Math.ceil(rows.length / CHANGES_MAX)
  return rows.filter((_, index) => index % step === 0 || index === rows.length - 1)
}

/** Of the seconds that have any, when they began. */
function timed(counts: readonly number[], fromMs: number): TimedCount[] {
  return counts
    .map((count, second): TimedCount => [Math.round(fromMs + second * 1000), count])
    .filter(([, count]) => count > 0)
}

/** Second by second. */
function summed(shards: readonly (readonly number[])[]): number[] {
  const seconds = Math.max(0, ...shards.map(({ length }) => length))
  return Array.from({ length: seconds }, (_, second) =>
    sum(shards.map((counts) => counts[second] ?? 0)),
  )
}

function affectedIn(results: readonly ShardResult[]): number {
  const all = new LatencyPair()
  for (const { metrics } of results) {
    const mine = metrics.find(({ name }) => name === 'unavailability')
    if (mine) all.response.mergeEncoded(mine.response)
  }
  return all.response.count
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
