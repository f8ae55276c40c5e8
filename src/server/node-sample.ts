/**
 * The running totals of all shards as one node: sums, merged histograms, memory counted once per
 * process. Shards that died are in the sums with what they had counted (shard-ledger.ts).
 */
import { mergeGcSnapshots } from '../stats/gc-recorder.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { GcSideReport } from '../stats/run-report.ts'
import { sumRefusals } from './guard/refusal-counts.ts'
import type { NodeCounters, NodeDescription, ShardDescription } from './node-control.ts'
import type { RunningShard } from './shard-group.ts'
import { addTotals, type Legacy, type SampledShard, type ShardLedger } from './shard-ledger.ts'
import type { ShardSample, ShardTotals } from './shard-messages.ts'

/** The main thread has no connections. */
export const NO_TOTALS: ShardTotals = {
  connectionsAccepted: 0,
  connectionsOpen: 0,
  devicesOnline: 0,
  framesReceived: 0,
  messagesSent: 0,
  heartbeats: 0,
  bytesReceived: 0,
  bytesSent: 0,
  bufferedBytes: 0,
  acceptsDeferred: 0,
  closes: {},
  refusals: {},
}

/** What the main thread itself counts. */
export interface MainTotals {
  readonly hellosAccepted: number
  readonly hellosRefused: Readonly<Record<string, number>>
  readonly pushesAccepted: number
  readonly refusals: Readonly<Record<string, number>>
}

export function sumCounters(
  samples: readonly SampledShard[],
  legacies: readonly Legacy[],
  main: MainTotals,
): NodeCounters {
  const all = [
    ...samples.map(({ sample }) => sample.totals),
    ...legacies.map((each) => each.totals),
  ]
  const totals = all.reduce(addTotals, NO_TOTALS)
  const refusals = sumRefusals([totals.refusals, main.refusals])
  return { ...totals, ...main, hellosRefused: { ...main.hellosRefused }, refusals }
}

/** One row for each place, also where the shard is down. */
export function describeShards(
  shards: readonly RunningShard[],
  ledger: ShardLedger,
  restartsOf: (index: number) => number,
): ShardDescription[] {
  return shards.map((shard) => {
    const sample = ledger.latestOf(shard.index)?.sample
    return {
      index: shard.index,
      kind: shard.link.kind,
      pid: shard.link.pid,
      engine: shard.engine,
      state: !shard.isAlive ? 'down' : ledger.isSilent(shard) ? 'silent' : 'up',
      restarts: restartsOf(shard.index),
      connectionsOpen: sample?.totals.connectionsOpen ?? 0,
      devicesOnline: sample?.totals.devicesOnline ?? 0,
      rssBytes: sample?.rssBytes ?? 0,
      cpuUs: (sample?.cpuUs ?? 0) + (ledger.legacyOf(shard.index)?.cpuUs ?? 0),
    }
  })
}

export function mergeGc(
  samples: readonly SampledShard[],
  legacies: readonly Legacy[],
  main: ShardSample,
): GcSideReport {
  const all = [main, ...samples.map(({ sample }) => sample), ...legacies]
  const lag = new LatencyRecorder()
  const histograms = all.map((sample) => sample.histograms).filter((each) => each !== null)
  for (const { loopLag } of histograms) lag.mergeEncoded(loopLag)
  return {
    known: true,
    kinds: mergeGcSnapshots(histograms.flatMap(({ gc }) => gc)),
    loop_lag: lag.summary(),
  }
}

/** Threads share one process, so its RSS is counted once; heaps are one per thread. */
export function sumMemory(
  samples: readonly SampledShard[],
  main: ShardSample,
): NodeDescription['memory'] {
  const ofProcesses = samples.filter(({ shard }) => shard.link.kind === 'process')
  const rssBytes = ofProcesses.reduce((sum, { sample }) => sum + sample.rssBytes, main.rssBytes)
  const all = [main, ...samples.map(({ sample }) => sample)]
  return {
    rssBytes,
    heapUsedBytes: all.reduce((sum, sample) => sum + sample.heapUsedBytes, 0),
    externalBytes: all.reduce((sum, sample) => sum + sample.externalBytes, 0),
  }
}
