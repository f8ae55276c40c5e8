/**
 * Rows over time, joined: of one report into fewer rows, or of several into one picture on a common
 * clock. Sums and maxima are exact; p50 and p99 of a joined row are read from its coarse buckets,
 * so they are up to 19 % high, and where a part has no buckets they are the highest of the parts.
 */
import { bucketsOfText, coarseQuantileUs, mergeBucketTexts } from '../stats/coarse-buckets.ts'
import type { HostMoment, IntervalReport } from '../stats/run-report.ts'

export interface IntervalSource {
  /** When its clock began, on the common one. */
  readonly offsetMs: number
  readonly rows: readonly IntervalReport[]
}

/** At most `rowsMax` rows; the same array where there are no more. */
export function thinIntervals(
  rows: readonly IntervalReport[],
  rowsMax: number,
): readonly IntervalReport[] {
  if (rows.length <= rowsMax) return rows
  const step = Math.ceil(rows.length / rowsMax)
  const thinned: IntervalReport[] = []
  for (let at = 0; at < rows.length; at += step) {
    const group = rows.slice(at, at + step)
    const last = group.at(-1) as IntervalReport
    const span = group.reduce((sum, { span_ms = 1_000 }) => sum + span_ms, 0)
    thinned.push(joinedRow(group, last.at_ms, span, last.connections))
  }
  return thinned
}

export function mergeIntervals(sources: readonly IntervalSource[]): IntervalReport[] {
  const spans = sources.flatMap(({ rows }) => rows.map(({ span_ms = 1_000 }) => span_ms))
  if (spans.length === 0) return []
  const spanMs = Math.max(...medianSpans(sources))
  const bins = new Map<number, IntervalReport[]>()
  const alive = sources.map(({ rows, offsetMs }) => {
    const byBin = new Map<number, number>()
    for (const row of rows) {
      const bin = Math.max(0, Math.round((row.at_ms + offsetMs) / spanMs))
      byBin.set(bin, row.connections)
      const group = bins.get(bin)
      if (group) group.push(row)
      else bins.set(bin, [row])
    }
    return byBin
  })
  const held = sources.map(() => 0)
  return [...bins.keys()]
    .sort((a, b) => a - b)
    .map((bin) => {
      // Who has no row in a bin still holds what it held.
      for (const [index, byBin] of alive.entries()) held[index] = byBin.get(bin) ?? held[index]
      const connections = held.reduce((sum, count) => sum + count, 0)
      return joinedRow(
        bins.get(bin) ?? [],
        Math.round(bin * spanMs),
        Math.round(spanMs),
        connections,
      )
    })
}

function joinedRow(
  group: readonly IntervalReport[],
  at_ms: number,
  span_ms: number,
  connections: number,
): IntervalReport {
  const sum = (read: (row: IntervalReport) => number): number =>
    group.reduce((total, row) => total + read(row), 0)
  const most = (read: (row: IntervalReport) => number): number =>
    group.reduce((highest, row) => Math.max(highest, read(row)), 0)
  const max = most((row) => row.max)
  const isWhole = group.every((row) => row.max === 0 || row.latency !== undefined)
  const latency = isWhole ? mergeBucketTexts(group.map((row) => row.latency)) : null
  const buckets = latency === null ? null : bucketsOfText(latency)
  const hosts = group.map(({ host }) => host).filter((host) => host !== undefined)
  return {
    at_ms,
    span_ms,
    connections,
    sent: sum((row) => row.sent),
    received: sum((row) => row.received),
    p50: buckets ? Math.min(max, coarseQuantileUs(buckets, 0.5)) : most((row) => row.p50),
    p99: buckets ? Math.min(max, coarseQuantileUs(buckets, 0.99)) : most((row) => row.p99),
    max,
    ...(latency === null ? {} : { latency }),
    ...(hosts.length === 0 ? {} : { host: joinedHost(hosts) }),
  }
}

/** What several hosts say of one moment, or one host of several. */
export function joinedHost(hosts: readonly HostMoment[]): HostMoment {
  const known = (name: keyof HostMoment): number[] =>
    hosts.map((host) => host[name]).filter((value) => value !== null)
  const sum = (name: keyof HostMoment): number | null =>
    known(name).length === 0 ? null : known(name).reduce((total, value) => total + value, 0)
  const most = (name: keyof HostMoment): number | null =>
    known(name).length === 0 ? null : Math.max(...known(name))
  return {
    time_wait: most('time_wait'),
    retransmits: sum('retransmits'),
    listen_overflows: sum('listen_overflows'),
    softnet_drops: sum('softnet_drops'),
    cpu_percent: most('cpu_percent'),
  }
}

/** Of each source: its last row may be cut short, and one may be late. */
function medianSpans(sources: readonly IntervalSource[]): number[] {
  return sources
    .filter(({ rows }) => rows.length > 0)
    .map(({ rows }) => {
      const spans = rows.map(({ span_ms = 1_000 }) => span_ms).sort((a, b) => a - b)
      return Math.max(1, spans[spans.length >> 1])
    })
}
