/**
 * Turns what a run left behind into the one RunReport. Pure: merges without loss, judges, and knows
 * no clock and no host.
 */
import { mergeGcSnapshots } from '../stats/gc-recorder.ts'
import { hostReportOf } from '../stats/host-counters.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import {
  type GcSideReport,
  METRIC_NAMES,
  type MetricName,
  type MetricReport,
  type RunReport,
} from '../stats/run-report.ts'
import { clusterReportOf } from './dispatch/cluster-report.ts'
import { countBroadcasts } from './delivery-count.ts'
import { FailureTally } from './failure-tally.ts'
import { LatencyPair } from './latency-pair.ts'
import { countRoomPushes } from './population/room-deliveries.ts'
import { bytesPerConnection, memoryPoints } from './memory-slope.ts'
import { PUBLISHING_BROKEN, type RunFindings } from './run-findings.ts'
import type { ReceiptCounts } from './receipts.ts'
import type { SendCounts, ShardResult } from './shard-messages.ts'
import { factsOfRun } from './verdict/facts-of-run.ts'
import { judge } from './verdict/judge.ts'

const UNKNOWN_SIDE: GcSideReport = { known: false, kinds: [], loop_lag: null }

/** Without thresholds, which are the command's to evaluate. */
export function buildReport(findings: RunFindings): RunReport {
  const { plan, stage } = findings
  const results = resultsOf(findings)
  const metrics = mergeMetrics(results)
  const messages = countMessages(findings, results, metrics)
  const generator = generatorPauses(findings, results)
  const measuredUs = stage === null ? 0 : Math.max(0, findings.endUs - stage.measureFromUs)
  return {
    schema: 'pushctl.bench/1',
    started_at: new Date(findings.startedAtMs).toISOString(),
    duration_ms: Math.round(measuredUs / 1000),
    interrupted: findings.isInterrupted,
    mode: plan.mode,
    targets: plan.targets.map(({ url }) => url),
    engine: plan.engine,
    verdict: judge(factsOfRun(findings, allSends(findings, results), metrics.values())),
    connections: countConnections(findings, results),
    messages: {
      ...messages,
      sent_per_second: perSecond(messages.sent, measuredUs),
      received_per_second: perSecond(messages.received, measuredUs),
    },
    metrics: reportMetrics(metrics),
    ...badClientsOf(findings),
    gc: { generator, target: findings.targetGc ?? UNKNOWN_SIDE },
    host: hostReport(findings),
    hosts: findings.hosts,
    memory: {
      generator_bytes_per_connection: bytesPerConnection(findings.generatorMemory),
      target_bytes_per_connection: bytesPerConnection(findings.targetMemory),
      generator_points: memoryPoints(findings.generatorMemory),
      target_points: memoryPoints(findings.targetMemory),
    },
    ...clusterReportOf(
      results,
      stage === null ? 0 : (stage.measureFromUs - findings.startUs) / 1000,
    ),
    thresholds: [],
    intervals: findings.intervals,
    environment: findings.environment,
    plan: plan as unknown as Record<string, unknown>,
  }
}

function badClientsOf({ badClients, publisher }: RunFindings): Pick<RunReport, 'bad_clients'> {
  if (badClients === null) return {}
  const { kinds, endedByNode } = badClients
  const pushed = publisher?.unicast?.toBadClients ?? 0
  const ended = endedByNode === null ? {} : { ended_by_node: endedByNode }
  return { bad_clients: { pushed, kinds, ...ended } }
}

function resultsOf({ shards }: RunFindings): ShardResult[] {
  return shards.map(({ result }) => result).filter((result) => result !== null)
}

function mergeMetrics(results: readonly ShardResult[]): Map<MetricName, LatencyPair> {
  const merged = new Map<MetricName, LatencyPair>()
  for (const { name, response, service } of results.flatMap(({ metrics }) => metrics)) {
    const pair = merged.get(name) ?? new LatencyPair()
    merged.set(name, pair)
    pair.response.mergeEncoded(response)
    pair.service.mergeEncoded(service)
  }
  return merged
}

/** In the order of their names, in which a report that was written to a file is read again. */
function reportMetrics(metrics: ReadonlyMap<MetricName, LatencyPair>) {
  const reports: Partial<Record<MetricName, MetricReport>> = {}
  for (const name of METRIC_NAMES) {
    const pair = metrics.get(name)
    if (pair !== undefined && pair.response.count > 0) reports[name] = pair.report()
  }
  return reports
}

const NOTHING_RECEIVED: ReceiptCounts = { received: 0, duplicated: 0, reordered: 0 }

type MessageCounts = Omit<RunReport['messages'], 'sent_per_second' | 'received_per_second'>

/** Adds the metrics of broadcasts, which need the schedule as well as the receipts. */
function countMessages(
  findings: RunFindings,
  results: readonly ShardResult[],
  metrics: Map<MetricName, LatencyPair>,
): MessageCounts {
  const { publisher, stage, plan } = findings
  const { broadcast = null } = publisher ?? {}
  const toOne = sumSends([...results.map((result) => result.sends), publisher?.unicast?.sends])
  const sends = sumSends([toOne, broadcast?.sends])
  let toAll = 0
  if (broadcast !== null && stage !== null) {
    const { warmupSent, sentInAll, sentBefore: before } = broadcast
    const [first, last] = [before + warmupSent + 1, before + sentInAll]
    const broadcasts = countBroadcasts(results, stage, first, last, before)
    metrics.set('broadcast_first', broadcasts.first)
    metrics.set('broadcast_all', broadcasts.all)
    toAll = broadcasts.expected
  }
  const { rooms } = publisher?.unicast ?? {}
  const toRooms = stage === null ? 0 : countRoomPushes(results, stage, plan, rooms)
  const sentToOne = toOne.sent - (rooms?.sent ?? 0)
  const direct = sumReceipts(results.map((result) => result.direct))
  const inRooms = sumReceipts(results.map((result) => result.rooms ?? NOTHING_RECEIVED))
  const broadcasts = sumReceipts(results.map((result) => result.broadcast))
  return {
    planned: sends.planned,
    sent: sends.sent,
    late: sends.late,
    unsent: sends.unsent + sends.unsendable,
    expected: sentToOne + toRooms + toAll,
    received: direct.received + inRooms.received + broadcasts.received,
    // Each kind by itself: what came too often of one must not hide what is missing of the other.
    lost: lostOf(sentToOne, direct) + lostOf(toRooms, inRooms) + lostOf(toAll, broadcasts),
    duplicated: direct.duplicated + inRooms.duplicated + broadcasts.duplicated,
    reordered: direct.reordered + inRooms.reordered + broadcasts.reordered,
  }
}

function lostOf(expected: number, { received, duplicated }: ReceiptCounts): number {
  return Math.max(0, expected - (received - duplicated))
}

function sumReceipts(all: readonly ReceiptCounts[]): ReceiptCounts {
  return {
    received: sumOf(all, ({ received }) => received),
    duplicated: sumOf(all, ({ duplicated }) => duplicated),
    reordered: sumOf(all, ({ reordered }) => reordered),
  }
}

/** What the generator had to do on time, replacing connections included. */
function allSends({ publisher }: RunFindings, results: readonly ShardResult[]): SendCounts {
  return sumSends([
    ...results.flatMap(({ sends, replacements }) => [sends, replacements]),
    publisher?.unicast?.sends,
    publisher?.broadcast?.sends,
  ])
}

function sumSends(all: readonly (SendCounts | undefined)[]): SendCounts {
  const known = all.filter((counts) => counts !== undefined)
  return {
    planned: sumOf(known, ({ planned }) => planned),
    sent: sumOf(known, ({ sent }) => sent),
    late: sumOf(known, ({ late }) => late),
    unsent: sumOf(known, ({ unsent }) => unsent),
    unsendable: sumOf(known, ({ unsendable }) => unsendable),
  }
}

function countConnections(
  findings: RunFindings,
  results: readonly ShardResult[],
): RunReport['connections'] {
  const tally = new FailureTally()
  for (const result of results) tally.addRows(result.failures)
  if (findings.publisher !== null) tally.addRows(findings.publisher.failures)
  let attempted = sumOf(results, (result) => result.attempted)
  let failed = sumOf(results, (result) => result.failed)
  const established = sumOf(results, (result) => result.established)
  // What comes back later belongs to no connect phase.
  const connected = findings.stage === null ? established : findings.connected
  for (const shard of findings.shards) {
    if (shard.result !== null) continue
    // What a lost shard had is gone, whatever it last said of itself.
    attempted += shard.connections
    failed += shard.connections
    const cause = `generator shard ${shard.index} ${shard.lost?.signal ?? 'lost'}`
    tally.addRows([
      {
        phase: 'idle',
        cause,
        source: '',
        count: shard.connections,
        firstUs: findings.endUs,
        sample: '',
      },
    ])
  }
  const left = sumOf(findings.shards, ({ leftOpen }) => leftOpen)
  if (left > 0) {
    tally.addRows([
      {
        phase: 'close',
        cause: 'timeout',
        source: '',
        count: left,
        firstUs: findings.endUs,
        sample: '',
      },
    ])
  }
  if (findings.nodeError !== null) {
    const { message } = findings.nodeError
    tally.add('restart', 'node-did-not-come-back', '', findings.endUs, () => message)
  }
  if (findings.publisherError !== null) {
    const sample = findings.publisherError.message
    tally.add('publish', PUBLISHING_BROKEN, '', findings.endUs, () => sample)
  }
  return {
    requested: findings.plan.connections,
    attempted,
    established,
    failed,
    alive_at_end: sumOf(results, (result) => result.aliveAtEnd),
    connects_per_second: perSecond(connected, findings.connectUs),
    ...replacementsOf(findings, results),
    failures: tally.report(findings.startUs),
  }
}

function replacementsOf(
  { plan }: RunFindings,
  results: readonly ShardResult[],
): Pick<RunReport['connections'], 'replaced'> {
  if (plan.mode !== 'churn') return {}
  const { planned, sent, late, unsent, unsendable } = sumSends(
    results.map(({ replacements }) => replacements),
  )
  return { replaced: { planned, done: sent, late, away: unsendable, undone: unsent } }
}

function generatorPauses(findings: RunFindings, results: readonly ShardResult[]): GcSideReport {
  const threads = findings.publisher === null ? results : [...results, findings.publisher]
  const lag = new LatencyRecorder()
  const steadyLag = new LatencyRecorder()
  for (const { loopLag, loopLagMeasured } of threads) {
    lag.mergeEncoded(loopLag)
    steadyLag.mergeEncoded(loopLagMeasured)
  }
  return {
    known: true,
    kinds: mergeGcSnapshots(
      threads.flatMap(({ gc }) => [...gc]),
      findings.startUs,
    ),
    loop_lag: lag.count === 0 ? null : lag.summary(),
    ...(steadyLag.count === 0 ? {} : { loop_lag_steady: steadyLag.summary() }),
  }
}

function hostReport({ hostBefore, hostAfter, hostPeaks }: RunFindings): RunReport['host'] {
  return { ...hostReportOf(hostBefore, hostAfter), peaks: hostPeaks }
}

function perSecond(count: number, us: number): number {
  return us <= 0 ? 0 : Math.round((count * 1e8) / us) / 100
}

function sumOf<Row>(rows: readonly Row[], read: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + read(row), 0)
}
