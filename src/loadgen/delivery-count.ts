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

/** `firstSeq` … `lastSeq` are the measured broadcasts, `seqsBefore` those of earlier steps. */
export function countBroadcasts(
  results: readonly ShardResult[],
  stage: SteadyStage,
  firstSeq: number,
  lastSeq: number,
  seqsBefore = 0,
): BroadcastFindings {
  const ledger = new BroadcastLedger()
  for (const result of results) if (result.ledger !== null) ledger.merge(result.ledger)
  const columns = ledger.columns()
  const receivers = receiversAt(results)
  const first = new LatencyPair()
  const all = new LatencyPair()
  const pacer = stage.broadcasts === null ? null : pacerFrom(stage.broadcasts)
  let expected = 0
  for (let seq = firstSeq; seq <= lastSeq && pacer !== null; seq++) {
    const owed = receivers(stage.startUs + pacer.intendedUs(seq - 1 - seqsBefore))
    expected += owed
    const index = seq - 1
    const count = columns.count[index] ?? 0
    if (count === 0) continue
    const intendedUs = columns.intendedUs[index]
    const writtenUs = columns.writtenUs[index]
    first.recordUs(columns.firstUs[index], intendedUs, writtenUs)
    if (count >= owed) all.recordUs(columns.lastUs[index], intendedUs, writtenUs)
  }
  return { expected, first, all }
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
