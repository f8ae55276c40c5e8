/**
 * How many deliveries should have come, and what each broadcast took until its first and its last
 * receiver. A broadcast is owed to every connection that was up when it was due; one that missed a
 * receiver has no broadcast_all (there is no last receiver), but its loss is counted, so nothing
 * disappears.
 */
import { BroadcastLedger } from './broadcast-ledger.ts'
import { LatencyPair } from './latency-pair.ts'
import { pacerFrom } from './pacing/arrival-model.ts'
import type { ShardResult, SteadyStage } from './shard-messages.ts'

export interface BroadcastFindings {
  readonly expected: number
  readonly first: LatencyPair
  readonly all: LatencyPair
}

/** One row per measured broadcast; times in µs from when it was due, so no clock is in them. */
export interface BroadcastRows {
  readonly firstSeq: number
  /** Receivers it was owed to, and those it came to. */
  readonly owed: Float64Array
  readonly count: Float64Array
  /** Until the first and the last receiver had it; 0 where it came to none. */
  readonly firstUs: Float64Array
  readonly lastUs: Float64Array
  /** Until it was written. */
  readonly delayUs: Float64Array
}

/** `firstSeq` … `lastSeq` are the measured broadcasts, `seqsBefore` those of earlier steps. */
export function countBroadcasts(
  results: readonly ShardResult[],
  stage: SteadyStage,
  firstSeq: number,
  lastSeq: number,
  seqsBefore = 0,
): BroadcastFindings {
  return timeBroadcasts(broadcastRows(results, stage, firstSeq, lastSeq, seqsBefore))
}

export function broadcastRows(
  results: readonly ShardResult[],
  stage: SteadyStage,
  firstSeq: number,
  lastSeq: number,
  seqsBefore = 0,
): BroadcastRows {
  const ledger = new BroadcastLedger()
  for (const result of results) if (result.ledger !== null) ledger.merge(result.ledger)
  const columns = ledger.columns()
  const receivers = receiversAt(results)
  const pacer = stage.broadcasts === null ? null : pacerFrom(stage.broadcasts)
  const rows = emptyRows(firstSeq, pacer === null ? 0 : Math.max(0, lastSeq - firstSeq + 1))
  for (let row = 0; row < rows.owed.length && pacer !== null; row++) {
    const index = firstSeq + row - 1
    rows.owed[row] = receivers(stage.startUs + pacer.intendedUs(index - seqsBefore))
    const count = columns.count[index] ?? 0
    if (count === 0) continue
    const intendedUs = columns.intendedUs[index]
    rows.count[row] = count
    rows.firstUs[row] = columns.firstUs[index] - intendedUs
    rows.lastUs[row] = columns.lastUs[index] - intendedUs
    rows.delayUs[row] = columns.writtenUs[index] - intendedUs
  }
  return rows
}

export function timeBroadcasts(rows: BroadcastRows): BroadcastFindings {
  const first = new LatencyPair()
  const all = new LatencyPair()
  let expected = 0
  for (const [row, owed] of rows.owed.entries()) {
    expected += owed
    if (rows.count[row] === 0) continue
    const delayUs = rows.delayUs[row]
    first.recordUs(rows.firstUs[row], 0, delayUs)
    if (rows.count[row] >= owed) all.recordUs(rows.lastUs[row], 0, delayUs)
  }
  return { expected, first, all }
}

/** The same broadcasts as several hosts had them, as one: the earliest first, the latest last. */
export function joinBroadcasts(parts: readonly BroadcastRows[]): BroadcastRows {
  const firstSeq = Math.min(...parts.map((part) => part.firstSeq))
  const end = Math.max(...parts.map((part) => part.firstSeq + part.owed.length))
  const joined = emptyRows(firstSeq, Math.max(0, end - firstSeq))
  for (const part of parts) {
    for (const [index, owed] of part.owed.entries()) {
      const row = part.firstSeq - firstSeq + index
      joined.owed[row] += owed
      if (part.count[index] === 0) continue
      const [first, last] = [part.firstUs[index], part.lastUs[index]]
      const isNew = joined.count[row] === 0
      joined.firstUs[row] = isNew ? first : Math.min(joined.firstUs[row], first)
      joined.lastUs[row] = isNew ? last : Math.max(joined.lastUs[row], last)
      joined.delayUs[row] = part.delayUs[index]
      joined.count[row] += part.count[index]
    }
  }
  return joined
}

function emptyRows(firstSeq: number, length: number): BroadcastRows {
  return {
    firstSeq,
    owed: new Float64Array(length),
    count: new Float64Array(length),
    firstUs: new Float64Array(length),
    lastUs: new Float64Array(length),
    delayUs: new Float64Array(length),
  }
}

/** Connections that were up at a time; asked with times that never decrease. */
function receiversAt(results: readonly ShardResult[]): (atUs: number) => number {
  const established = results.reduce((sum, result) => sum + result.established, 0)
  const ends = Float64Array.from(results.flatMap(({ endedUs }) => [...endedUs])).sort()
  let ended = 0
  return (atUs) => {
    while (ended < ends.length && ends[ended] < atUs) ended += 1
    return established - ended
  }
}
