/**
 * The running totals of all shards as one node: sums, merged histograms, memory counted once per
 * process.
 */
import { mergeGcSnapshots } from '../stats/gc-recorder.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { GcSideReport } from '../stats/run-report.ts'
import type { NodeCounters, NodeDescription, ShardDescription } from './node-control.ts'
import type { RunningShard } from './shard-group.ts'
import type { ShardSample, ShardTotals } from './shard-messages.ts'

export interface SampledShard {
  readonly shard: RunningShard
  readonly sample: ShardSample
}

/** What the main thread itself counts. */
export interface MainTotals {
  readonly hellosAccepted: number
  readonly hellosRefused: Readonly<Record<string, number>>
  readonly pushesAccepted: number
}

export function sumCounters(samples: readonly SampledShard[], main: MainTotals): NodeCounters {
  const sum = (read: (totals: ShardTotals) => number) =>
    samples.reduce((total, { sample }) => total + read(sample.totals), 0)
  const closes: Record<string, number> = {}
  for (const { sample } of samples) {
    for (const [name, count] of Object.entries(sample.totals.closes)) {
      closes[name] = (closes[name] ?? 0) + count
    }
  }
  return {
    connectionsAccepted: sum((totals) => totals.connectionsAccepted),
    connectionsOpen: sum((totals) => totals.connectionsOpen),
    devicesOnline: sum((totals) => totals.devicesOnline),
    hellosAccepted: main.hellosAccepted,
    hellosRefused: { ...main.hellosRefused },
    closes,
    framesReceived: sum((totals) => totals.framesReceived),
    messagesSent: sum((totals) => totals.messagesSent),
    pushesAccepted: main.pushesAccepted,
    bytesReceived: sum((totals) => totals.bytesReceived),
    bytesSent: sum((totals) => totals.bytesSent),
    heartbeats: sum((totals) => totals.heartbeats),
    bufferedBytes: sum((totals) => totals.bufferedBytes),
    acceptsDeferred: sum((totals) => totals.acceptsDeferred),
  }
}

export function describeShard({ shard, sample }: SampledShard): ShardDescription {
  return {
    index: shard.index,
    kind: shard.link.kind,
    pid: shard.link.pid,
    engine: shard.engine,
    connectionsOpen: sample.totals.connectionsOpen,
    devicesOnline: sample.totals.devicesOnline,
    rssBytes: sample.rssBytes,
    cpuUs: sample.cpuUs,
  }
}

export function mergeGc(samples: readonly SampledShard[], main: ShardSample): GcSideReport {
  const all = [main, ...samples.map(({ sample }) => sample)]
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
