/**
 * What a threshold may be about, in one table: its name, how to read it from a run report, and what
 * a percentage of it is a percentage of. Everything else about thresholds (grammar, comparison,
 * messages) is in thresholds.ts.
 */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import {
  type DistributionReport,
  type GcSideReport,
  METRIC_NAMES,
  type MetricName,
  type RunReport,
} from '../stats/run-report.ts'

/** `null`: the run does not know it. */
type Reader<T> = (report: RunReport) => T | null

export interface CountSubject {
  readonly read: Reader<number>
  /** The hundred per cent, where a percentage makes sense. */
  readonly base?: Reader<number>
  readonly unit: 'count' | 'bytes' | 'rate'
}

const messages = (name: keyof RunReport['messages'], base?: keyof RunReport['messages']) =>
  countOf((report) => report.messages[name], base && ((report) => report.messages[base]))

type ConnectionCount = Exclude<keyof RunReport['connections'], 'failures' | 'replaced'>
const connections = (name: ConnectionCount, base?: ConnectionCount) =>
  countOf((report) => report.connections[name], base && ((report) => report.connections[base]))

export const COUNT_SUBJECTS: ReadonlyMap<string, CountSubject> = new Map<string, CountSubject>([
  ['connections.requested', connections('requested')],
  ['connections.attempted', connections('attempted', 'requested')],
  ['connections.established', connections('established', 'requested')],
  ['connections.failed', connections('failed', 'attempted')],
  ['connections.alive_at_end', connections('alive_at_end', 'established')],
  ['connections.connects_per_second', rateOf((report) => report.connections.connects_per_second)],
  ['messages.planned', messages('planned')],
  ['messages.sent', messages('sent', 'planned')],
  ['messages.late', messages('late', 'sent')],
  ['messages.unsent', messages('unsent', 'planned')],
  ['messages.expected', messages('expected')],
  ['messages.received', messages('received', 'expected')],
  ['messages.lost', messages('lost', 'expected')],
  ['messages.duplicated', messages('duplicated', 'received')],
  ['messages.reordered', messages('reordered', 'received')],
  ['messages.sent_per_second', rateOf((report) => report.messages.sent_per_second)],
  ['messages.received_per_second', rateOf((report) => report.messages.received_per_second)],
  ['memory.generator_bytes_per_connection', bytesOf('generator_bytes_per_connection')],
  ['memory.target_bytes_per_connection', bytesOf('target_bytes_per_connection')],
])

/**
 * Distributions by full name. `push_latency` alone is its response time: that is what a user waits.
 */
export const DISTRIBUTION_SUBJECTS: ReadonlyMap<string, Reader<DistributionReport>> = new Map([
  ...METRIC_NAMES.flatMap((name) => [
    [name, metricOf(name, 'response')] as const,
    [`${name}.response`, metricOf(name, 'response')] as const,
    [`${name}.service`, metricOf(name, 'service')] as const,
  ]),
  ['gc.generator', (report: RunReport) => allPausesOf(report.gc.generator)] as const,
  ['gc.target', (report: RunReport) => allPausesOf(report.gc.target)] as const,
  ['loop_lag.generator', (report: RunReport) => report.gc.generator.loop_lag] as const,
  ['loop_lag.target', (report: RunReport) => report.gc.target.loop_lag] as const,
])

function countOf(read: Reader<number>, base?: Reader<number>): CountSubject {
  return base ? { read, base, unit: 'count' } : { read, unit: 'count' }
}

function rateOf(read: Reader<number>): CountSubject {
  return { read, unit: 'rate' }
}

type MemorySlope = 'generator_bytes_per_connection' | 'target_bytes_per_connection'

function bytesOf(name: MemorySlope): CountSubject {
  return { read: (report) => report.memory[name], unit: 'bytes' }
}

function metricOf(name: MetricName, kind: 'response' | 'service'): Reader<DistributionReport> {
  return (report) => report.metrics[name]?.[kind] ?? null
}

/**
 * Pauses of all kinds together. A side that is known and never collected has an empty distribution.
 */
function allPausesOf(side: GcSideReport): DistributionReport | null {
  if (!side.known) return null
  const all = new LatencyRecorder()
  for (const { pauses } of side.kinds) all.merge(LatencyRecorder.fromBase64(pauses.hdr))
  return all.summary()
}
