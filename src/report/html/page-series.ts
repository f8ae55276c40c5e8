/**
 * What the plots of the page are drawn from, as plain arrays: bounded, whatever the run was, so
 * that a page stays small and is drawn at once.
 */
import { bucketsOfText, coarseBucketUs } from '../../stats/coarse-buckets.ts'
import { LatencyRecorder } from '../../stats/latency-recorder.ts'
import type {
  DistributionReport,
  IntervalReport,
  MemoryPoint,
  MetricName,
  MetricReport,
  RunReport,
} from '../../stats/run-report.ts'
import { thinIntervals } from '../interval-merge.ts'
import { attributeSpikes } from '../spike-attribution.ts'
import { parseThreshold } from '../thresholds.ts'
import { type ClusterSeries, clusterSeries } from './cluster-series.ts'
import { mainMetric } from './stage-table.ts'

/** More would be thinner than a pixel. */
const ROWS_MAX = 1_800
const PAUSES_MAX = 400
/** Each ninth of a decade of 1 / (1 - percentile). */
const POINTS_PER_DECADE = 24

export interface PageSeries {
  readonly curves: readonly PercentileCurve[]
  readonly time: TimeSeries | null
  readonly pauses: readonly PagePause[]
  readonly spikeUs: number | null
  readonly memory: readonly MemoryFit[]
  readonly stages: readonly PageStage[]
  readonly cluster: ClusterSeries | null
}

/** A stage of a run, for the curve of latency over load. */
export interface PageStage {
  readonly connections: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

/** Percentiles of one metric: x is 1 / (1 - share), as in the plots of HdrHistogram. */
export interface PercentileCurve {
  readonly metric: string
  readonly x: readonly number[]
  readonly response: readonly number[]
  readonly service: readonly (number | null)[]
  readonly limits: readonly PageLimit[]
}

/** Of a threshold on a percentile: where it applies, and what may be reached there. */
export interface PageLimit {
  readonly expression: string
  readonly x: number
  readonly us: number
  readonly held: boolean
}

export interface TimeSeries {
  /** Seconds from the start of the run. */
  readonly seconds: readonly number[]
  readonly connections: readonly number[]
  readonly sentPerSecond: readonly number[]
  readonly receivedPerSecond: readonly number[]
  readonly p50: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
  readonly max: readonly (number | null)[]
  readonly timeWait: readonly (number | null)[]
  readonly retransmitsPerSecond: readonly (number | null)[]
  readonly dropsPerSecond: readonly (number | null)[]
  readonly cpuPercent: readonly (number | null)[]
  readonly heat: HeatMap | null
}

/** Counts by row of time and coarse bucket of latency. */
export interface HeatMap {
  /** Of each row in seconds. */
  readonly spans: readonly number[]
  /** Row, first bucket, counts…; rows without latency have none. */
  readonly rows: readonly (readonly number[])[]
  readonly countMax: number
  readonly bucketFirst: number
  readonly bucketLast: number
  /** Lower ends in µs from bucketFirst to one above bucketLast. */
  readonly edgesUs: readonly number[]
}

export interface PagePause {
  readonly side: 'target' | 'generator'
  readonly kind: string
  readonly seconds: number
  readonly us: number
}

export interface MemoryFit {
  readonly side: 'generator' | 'target'
  readonly bytesPerConnection: number | null
  readonly points: readonly MemoryPoint[]
}

export function pageSeries(report: RunReport): PageSeries {
  const metrics = Object.entries(report.metrics) as [MetricName, MetricReport][]
  return {
    curves: metrics
      .filter(([, { response }]) => response.count > 1)
      .map(([name, metric]) => curveOf(name, metric, report)),
    time:
      report.intervals.length < 2 ? null : timeSeries(thinIntervals(report.intervals, ROWS_MAX)),
    pauses: pausesOf(report),
    spikeUs: attributeSpikes(report)?.thresholdUs ?? null,
    memory: memoryFits(report),
    stages: stagesOf(report),
    cluster: clusterSeries(report),
  }
}

function curveOf(name: MetricName, { response, service }: MetricReport, report: RunReport) {
  const x = abscissas(response.count)
  return {
    metric: name,
    x,
    response: valuesAt(response, x),
    service: service.count > 0 ? valuesAt(service, x) : x.map(() => null),
    limits: limitsOf(name, report),
  }
}

/** 1, 1.1 … up to the last sample. */
function abscissas(count: number): number[] {
  const steps = Math.ceil(Math.log10(Math.max(10, count)) * POINTS_PER_DECADE)
  return Array.from({ length: steps + 1 }, (_, step) => round3(10 ** (step / POINTS_PER_DECADE)))
}

function valuesAt({ hdr }: DistributionReport, x: readonly number[]): number[] {
  const recorder = LatencyRecorder.fromBase64(hdr)
  return x.map((each) => recorder.valueAtPercentile(Math.max(1e-6, 100 * (1 - 1 / each))))
}

function limitsOf(name: MetricName, { thresholds }: RunReport): PageLimit[] {
  return thresholds.flatMap(({ expression, limit, held }) => {
    try {
      const { subject, aggregate, unit } = parseThreshold(expression)
      const isOfCurve = subject === name || subject === `${name}.response`
      const percentile = /^p([\d.]+)$/.exec(aggregate ?? '')?.[1]
      if (!isOfCurve || unit !== 'us' || percentile === undefined) return []
      const left = Math.max(1e-7, 1 - Number(percentile) / 100)
      return [{ expression, x: round3(1 / left), us: limit, held }]
    } catch {
      // An expression of a later version; its row in the table says it all the same.
      return []
    }
  })
}

function timeSeries(rows: readonly IntervalReport[]): TimeSeries {
  const rate = (count: number, { span_ms = 1_000 }: IntervalReport): number =>
    round3((count * 1000) / Math.max(1, span_ms))
  const latency = (read: (row: IntervalReport) => number) =>
    rows.map((row) => (row.max === 0 ? null : read(row)))
  const host = (name: 'time_wait' | 'cpu_percent') => rows.map((row) => row.host?.[name] ?? null)
  const hostRate = (names: readonly ('retransmits' | 'listen_overflows' | 'softnet_drops')[]) =>
    rows.map((row) => {
      const known = names.map((name) => row.host?.[name] ?? null).filter((value) => value !== null)
      return known.length === 0
        ? null
        : rate(
            known.reduce((sum, value) => sum + value, 0),
            row,
          )
    })
  return {
    seconds: rows.map(({ at_ms }) => at_ms / 1000),
    connections: rows.map(({ connections }) => connections),
    sentPerSecond: rows.map((row) => rate(row.sent, row)),
    receivedPerSecond: rows.map((row) => rate(row.received, row)),
    p50: latency(({ p50 }) => p50),
    p99: latency(({ p99 }) => p99),
    max: latency(({ max }) => max),
    timeWait: host('time_wait'),
    retransmitsPerSecond: hostRate(['retransmits']),
    dropsPerSecond: hostRate(['listen_overflows', 'softnet_drops']),
    cpuPercent: host('cpu_percent'),
    heat: heatMap(rows),
  }
}

function heatMap(rows: readonly IntervalReport[]): HeatMap | null {
  const parsed = rows.map(({ latency }) => (latency === undefined ? null : bucketsOfText(latency)))
  const present = parsed.filter((buckets) => buckets !== null)
  if (present.length === 0) return null
  const ends = present.map(({ first, counts }) => first + counts.length - 1)
  const bucketFirst = present.reduce((least, { first }) => Math.min(least, first), Infinity)
  const bucketLast = ends.reduce((most, end) => Math.max(most, end), 0)
  const edges = bucketLast - bucketFirst + 2
  return {
    spans: rows.map(({ span_ms = 1_000 }) => span_ms / 1000),
    rows: parsed.flatMap((buckets, index) =>
      buckets === null ? [] : [[index, buckets.first, ...buckets.counts]],
    ),
    countMax: present.reduce((most, { counts }) => Math.max(most, ...counts), 0),
    bucketFirst,
    bucketLast,
    edgesUs: Array.from({ length: edges }, (_, at) => round3(coarseBucketUs(bucketFirst + at))),
  }
}

function pausesOf({ gc }: RunReport): PagePause[] {
  const all = (['target', 'generator'] as const).flatMap((side) =>
    gc[side].kinds.flatMap(({ kind, longest = [] }) =>
      longest.map(({ at_ms, us, within_ms = 0 }) => {
        return { side, kind, seconds: (at_ms + within_ms / 2) / 1000, us }
      }),
    ),
  )
  return all
    .sort((a, b) => b.us - a.us)
    .slice(0, PAUSES_MAX)
    .sort((a, b) => a.seconds - b.seconds)
}

function stagesOf({ stages = [] }: RunReport): PageStage[] {
  return stages.flatMap((stage) => {
    const response = mainMetric(stage)?.response
    if (response === undefined || response.count === 0) return []
    const { p50, p99 } = response
    return [{ connections: stage.connections_wanted, perSecond: stage.rate_wanted, p50, p99 }]
  })
}

function memoryFits({ memory }: RunReport): MemoryFit[] {
  const fits = (['generator', 'target'] as const).map((side) => ({
    side,
    bytesPerConnection: memory[`${side}_bytes_per_connection`],
    points: memory[`${side}_points`] ?? [],
  }))
  return fits.filter(({ points }) => points.length > 1)
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000
}
