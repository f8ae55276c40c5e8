/**
 * What `top` reads out of GET /v1/node. The node may be of another version than this pushctl, so
 * each figure is looked for by itself: one that is not there is null and shown as "?", never as 0.
 */
import type { BucketReport } from '../../stats/bucket-histogram.ts'

type Figure = number | null

/** Totals since the node started; rates come from two of them. */
export interface NodeTotals {
  readonly connectionsAccepted: Figure
  readonly pushesAccepted: Figure
  readonly messagesSent: Figure
  readonly heartbeats: Figure
  readonly bytesSent: Figure
  readonly bytesReceived: Figure
  readonly errors: Figure
  /** Sum in µs, and how many, of the lateness of the node's event loops. */
  readonly loopLagUsSum: Figure
  readonly loopLagCount: Figure
  readonly gcPauseUsSum: Figure
  readonly closes: Readonly<Record<string, number>>
  /** Of all routes of the API together. */
  readonly apiLatency: BucketReport | null
}

export interface NodeFigures {
  readonly name: string
  readonly version: string
  readonly startedAtMs: Figure
  /** ready, draining, starting, or "not ready". */
  readonly state: string
  readonly notReadyBecause: string
  readonly connectionsOpen: Figure
  readonly connectionsMax: Figure
  readonly devicesOnline: Figure
  readonly bufferedBytes: Figure
  readonly rssBytes: Figure
  /** Degradation: 0 is none. */
  readonly level: Figure
  readonly gcPauseUsMax: Figure
  readonly shards: Figure
  readonly shardsUp: Figure
  readonly states: Readonly<Record<string, number>>
  readonly carriers: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
  readonly totals: NodeTotals
}

/** null where the document is not that of a pushctl node. */
export function figuresOf(document: unknown): NodeFigures | null {
  const node = objectOf(document)
  const counters = objectOf(node['counters'])
  if (typeof node['name'] !== 'string' || numberOf(counters['connectionsOpen']) === null) {
    return null
  }
  const memory = objectOf(node['memory'])
  const health = objectOf(node['health'])
  const connections = objectOf(health['connections'])
  const shards = Array.isArray(node['shards']) ? node['shards'].map(objectOf) : null
  const pauses = pausesOf(node)
  return {
    name: node['name'],
    version: textOf(node['version']),
    startedAtMs: numberOf(node['startedAtMs']),
    state: stateOf(node),
    notReadyBecause: textOf(node['notReadyBecause']),
    connectionsOpen: numberOf(counters['connectionsOpen']),
    connectionsMax: numberOf(node['connectionsMax']),
    devicesOnline: numberOf(counters['devicesOnline']),
    bufferedBytes: numberOf(counters['bufferedBytes']),
    rssBytes: numberOf(memory['rssBytes']),
    level: numberOf(objectOf(node['load'])['level']),
    gcPauseUsMax: pauses.usMax,
    shards: shards?.length ?? null,
    shardsUp: shards?.filter(({ state }) => state === undefined || state === 'up').length ?? null,
    states: countsOf(connections['states']),
    carriers: countsOf(connections['carriers']),
    errors: countsOf(node['errors']),
    totals: totalsOf(node, counters, pauses.usSum),
  }
}

function totalsOf(
  node: Record<string, unknown>,
  counters: Record<string, unknown>,
  gcPauseUsSum: Figure,
): NodeTotals {
  const lag = objectOf(objectOf(node['gc'])['loop_lag'])
  const lagCount = numberOf(lag['count'])
  const lagMean = numberOf(lag['mean'])
  const errors = countsOf(node['errors'])
  return {
    connectionsAccepted: numberOf(counters['connectionsAccepted']),
    pushesAccepted: numberOf(counters['pushesAccepted']),
    messagesSent: numberOf(counters['messagesSent']),
    heartbeats: numberOf(counters['heartbeats']),
    bytesSent: numberOf(counters['bytesSent']),
    bytesReceived: numberOf(counters['bytesReceived']),
    errors: 'errors' in node ? Object.values(errors).reduce((sum, n) => sum + n, 0) : null,
    loopLagUsSum: lagCount === null || lagMean === null ? null : lagCount * lagMean,
    loopLagCount: lagCount,
    gcPauseUsSum,
    closes: countsOf(counters['closes']),
    apiLatency: apiLatencyOf(objectOf(node['api'])['routes']),
  }
}

function stateOf(node: Record<string, unknown>): string {
  const state = textOf(node['state'])
  return state === 'ready' && node['ready'] === false ? 'not ready' : state
}

function pausesOf(node: Record<string, unknown>): { usMax: Figure; usSum: Figure } {
  const { known, kinds } = objectOf(node['gc'])
  if (known !== true || !Array.isArray(kinds)) return { usMax: null, usSum: null }
  const pauses = kinds.map((row) => objectOf(objectOf(row)['pauses']))
  const sumOf = (row: Record<string, unknown>) =>
    (numberOf(row['mean']) ?? 0) * (numberOf(row['count']) ?? 0)
  return {
    usMax: pauses.reduce((max, row) => Math.max(max, numberOf(row['max']) ?? 0), 0),
    usSum: pauses.reduce((sum, row) => sum + sumOf(row), 0),
  }
}

function apiLatencyOf(routes: unknown): BucketReport | null {
  if (!Array.isArray(routes)) return null
  const reports = routes.map((row): unknown => objectOf(row)['latency']).filter(isBuckets)
  const counts: number[] = []
  for (const report of reports) {
    for (const [i, count] of report.counts.entries()) counts[i] = (counts[i] ?? 0) + count
  }
  const sumOf = (read: (report: BucketReport) => number) =>
    reports.reduce((sum, report) => sum + read(report), 0)
  return { counts, count: sumOf(({ count }) => count), sumSeconds: sumOf((r) => r.sumSeconds) }
}

function isBuckets(value: unknown): value is BucketReport {
  const { counts, count, sumSeconds } = objectOf(value)
  return (
    Array.isArray(counts) &&
    counts.every((each) => numberOf(each) !== null) &&
    numberOf(count) !== null &&
    numberOf(sumSeconds) !== null
  )
}

function countsOf(value: unknown): Readonly<Record<string, number>> {
  const entries = Object.entries(objectOf(value))
  return Object.fromEntries(entries.filter((e): e is [string, number] => numberOf(e[1]) !== null))
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function numberOf(value: unknown): Figure {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
