/** What a metric is, and the shapes that most of them have: a counter, a gauge, one by name … */
import { BUCKET_SECONDS, type BucketReport } from '../../stats/bucket-histogram.ts'
import type { DistributionReport } from '../../stats/run-report.ts'
import type { NodeCounters, NodeDescription, Readiness, ShardDescription } from '../node-control.ts'
import type { ApiReport } from './request-meter.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** `_sum`, `_count` or `_bucket` of a summary or histogram. */
  readonly suffix?: string
}

/** What all metrics of one scrape are read from. */
export interface MetricSource {
  readonly node: NodeDescription
  readonly readiness: Readiness
  readonly api: ApiReport
  /** By source, error-sources.ts. */
  readonly errors: Readonly<Record<string, number>>
}

export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary' | 'histogram'
  readonly help: string
  readonly read: (source: MetricSource) => readonly Sample[]
}

/** The counters that are one number. */
type PlainCounter = {
  [Name in keyof NodeCounters]: NodeCounters[Name] extends number ? Name : never
}[keyof NodeCounters]

export function counter(name: string, help: string, field: PlainCounter): Metric {
  return single('counter', name, help, ({ node }) => node.counters[field])
}

export function gauge(
  name: string,
  help: string,
  valueOf: (source: MetricSource) => number,
): Metric {
  return single('gauge', name, help, valueOf)
}

export function single(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  valueOf: (source: MetricSource) => number,
): Metric {
  const read: Metric['read'] = (source) => [{ labels: {}, value: valueOf(source) }]
  return { name: `pushctl_${name}`, type, help, read }
}

/** One series for each name that occurs. */
export function named(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  label: string,
  countsOf: (source: MetricSource) => Readonly<Record<string, number>>,
): Metric {
  const read: Metric['read'] = (source) =>
    Object.entries(countsOf(source)).map(([key, value]) => ({ labels: { [label]: key }, value }))
  return { name: `pushctl_${name}`, type, help, read }
}

export function byShard(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  valueOf: (shard: ShardDescription) => number,
): Metric {
  const read: Metric['read'] = ({ node }) =>
    node.shards.map((shard) => ({ labels: { shard: shard.index }, value: valueOf(shard) }))
  return { name: `pushctl_${name}`, type, help, read }
}

/** Quantile 1 is the maximum. Prometheus wants seconds; the report has microseconds. */
export function quantiles(labels: Sample['labels'], report: DistributionReport): Sample[] {
  const { p50, p90, p99, p99_9, max } = report
  const pairs = [
    [0.5, p50],
    [0.9, p90],
    [0.99, p99],
    [0.999, p99_9],
    [1, max],
  ] as const
  return [
    ...pairs.map(([quantile, us]) => ({ labels: { ...labels, quantile }, value: us / 1e6 })),
    { labels, value: (report.mean * report.count) / 1e6, suffix: '_sum' },
    { labels, value: report.count, suffix: '_count' },
  ]
}

/** Cumulative, as Prometheus wants them. */
export function buckets(labels: Sample['labels'], report: BucketReport): Sample[] {
  let reached = 0
  const samples: Sample[] = BUCKET_SECONDS.map((le, i) => {
    reached += report.counts[i]
    return { labels: { ...labels, le }, value: reached, suffix: '_bucket' }
  })
  return [
    ...samples,
    { labels: { ...labels, le: '+Inf' }, value: report.count, suffix: '_bucket' },
    { labels, value: report.sumSeconds, suffix: '_sum' },
    { labels, value: report.count, suffix: '_count' },
  ]
}
