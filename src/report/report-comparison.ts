/**
 * Two runs beside each other: first how they differ in what was asked and where they ran, then each
 * number with its ratio and whether the difference is more than noise. Pure.
 *
 * Noise is taken from the runs themselves: for latencies of messages and for rates from how the
 * intervals of the measured time scatter, corrected for their autocorrelation
 * (interval-noise.ts); for all other distributions, which come once, from how far the percentile
 * itself is uncertain in so many samples (quantile-noise.ts).
 */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import {
  type DistributionReport,
  type IntervalReport,
  METRIC_NAMES,
  type MetricName,
  type RunReport,
} from '../stats/run-report.ts'
import { differsMoreThanNoise } from './interval-noise.ts'
import { quantileBounds } from './quantile-noise.ts'
import { type RunDifference, runDifferences } from './run-differences.ts'

export type ComparedUnit = 'us' | 'rate' | 'bytes'

/** `unknown`: too little was measured to tell a difference from noise. */
export type Change = 'worse' | 'better' | 'noise' | 'unknown'

export interface ComparedNumber {
  /** push_latency.response.p99, messages.received_per_second … */
  readonly name: string
  readonly unit: ComparedUnit
  readonly a: number
  readonly b: number
  /** b / a; null where a is 0. */
  readonly ratio: number | null
  readonly change: Change
  /** Of percentiles: the share of B's samples that are above A's value. From the histograms. */
  readonly above_a: number | null
}

export interface ReportComparison {
  readonly schema: 'pushctl.report-compare/1'
  readonly differences: readonly RunDifference[]
  readonly numbers: readonly ComparedNumber[]
}

const PERCENTILES = [
  ['p50', 50],
  ['p99', 99],
  ['p99_9', 99.9],
] as const
/** A percentile of fewer samples above it is mostly luck. */
const SAMPLES_ABOVE_MIN = 10

export function compareReports(a: RunReport, b: RunReport): ReportComparison {
  return {
    schema: 'pushctl.report-compare/1',
    differences: runDifferences(a, b),
    numbers: [...latencyNumbers(a, b), ...rateNumbers(a, b), ...memoryNumbers(a, b)],
  }
}

/** Numbers that are worse by at least so many percent, beyond noise. */
export function worseNumbers({ numbers }: ReportComparison, percent: number): ComparedNumber[] {
  return numbers.filter(({ change, ratio, unit }) => {
    if (change !== 'worse' || ratio === null) return false
    const worseBy = unit === 'rate' ? 1 - ratio : ratio - 1
    return worseBy * 100 >= percent
  })
}

function latencyNumbers(a: RunReport, b: RunReport): ComparedNumber[] {
  return METRIC_NAMES.flatMap((name) => {
    const [left, right] = [a.metrics[name]?.response, b.metrics[name]?.response]
    if (!left?.count || !right?.count) return []
    const [histogramA, histogramB] = [left, right].map(({ hdr }) => LatencyRecorder.fromBase64(hdr))
    const numbers = PERCENTILES.map(([key, percentile]): ComparedNumber => {
      const isMore = right[key] > left[key]
      const isReal = isRealLatencyChange(a, b, name, key, percentile, histogramA, histogramB)
      return {
        name: `${name}.response.${key}`,
        unit: 'us',
        a: left[key],
        b: right[key],
        ratio: ratioOf(left[key], right[key]),
        change: changeOf(isReal, isMore),
        above_a: shareAbove(histogramB, left[key]),
      }
    })
    return [...numbers, maxNumber(name, left, right)]
  })
}

/** One sample decides a maximum: it is shown, and nothing is concluded from it. */
function maxNumber(name: string, a: DistributionReport, b: DistributionReport): ComparedNumber {
  return {
    name: `${name}.response.max`,
    unit: 'us',
    a: a.max,
    b: b.max,
    ratio: ratioOf(a.max, b.max),
    change: 'unknown',
    above_a: null,
  }
}

/** null: nobody can tell. */
function isRealLatencyChange(
  a: RunReport,
  b: RunReport,
  name: MetricName,
  key: 'p50' | 'p99' | 'p99_9',
  percentile: number,
  histogramA: LatencyRecorder,
  histogramB: LatencyRecorder,
): boolean | null {
  const least = Math.min(histogramA.count, histogramB.count)
  if (least * (1 - percentile / 100) < SAMPLES_ABOVE_MIN) return null
  const isOfMessages = name === 'push_latency' || name === 'echo_latency'
  if (isOfMessages && key !== 'p99_9') {
    const series = [a, b].map((report) => measuredRows(report).map((row) => row[key]))
    const byIntervals = differsMoreThanNoise(series[0], series[1])
    if (byIntervals !== null) return byIntervals
  }
  const boundsA = quantileBounds(histogramA, percentile)
  const boundsB = quantileBounds(histogramB, percentile)
  return boundsA.upper < boundsB.lower || boundsB.upper < boundsA.lower
}

/** Of the measured time, as far as rows tell: messages came, and it was no ramp. */
function measuredRows({ intervals, duration_ms }: RunReport): IntervalReport[] {
  const rows = intervals.filter(({ max }) => max > 0)
  const lastMs = rows.at(-1)?.at_ms ?? 0
  return rows.filter(({ at_ms }) => at_ms > lastMs - duration_ms)
}

function rateNumbers(a: RunReport, b: RunReport): ComparedNumber[] {
  const rate = (
    name: string,
    read: (report: RunReport) => number,
    series: ((row: IntervalReport) => number) | null,
  ): ComparedNumber[] => {
    const [left, right] = [read(a), read(b)]
    if (left === 0 && right === 0) return []
    const values = series === null ? null : [a, b].map((run) => perSecond(run, series))
    const isReal = values === null ? null : differsMoreThanNoise(values[0], values[1])
    const change = changeOf(isReal, right < left)
    return [
      { name, unit: 'rate', a: left, b: right, ratio: ratioOf(left, right), change, above_a: null },
    ]
  }
  return [
    ...rate('connections.connects_per_second', (run) => run.connections.connects_per_second, null),
    ...rate(
      'messages.sent_per_second',
      (run) => run.messages.sent_per_second,
      (row) => row.sent,
    ),
    ...rate(
      'messages.received_per_second',
      (run) => run.messages.received_per_second,
      (row) => row.received,
    ),
  ]
}

function perSecond(report: RunReport, read: (row: IntervalReport) => number): number[] {
  return measuredRows(report).map((row) => (read(row) * 1000) / (row.span_ms ?? 1_000))
}

function memoryNumbers(a: RunReport, b: RunReport): ComparedNumber[] {
  const names = ['generator_bytes_per_connection', 'target_bytes_per_connection'] as const
  return names.flatMap((name): ComparedNumber[] => {
    const [left, right] = [a.memory[name], b.memory[name]]
    if (left === null || right === null) return []
    const ratio = ratioOf(left, right)
    // One fit a run: its scatter is not in the report.
    return [
      {
        name: `memory.${name}`,
        unit: 'bytes',
        a: left,
        b: right,
        ratio,
        change: 'unknown',
        above_a: null,
      },
    ]
  })
}

function changeOf(isReal: boolean | null, isWorse: boolean): Change {
  if (isReal === null) return 'unknown'
  if (!isReal) return 'noise'
  return isWorse ? 'worse' : 'better'
}

function ratioOf(a: number, b: number): number | null {
  return a === 0 ? null : Math.round((b / a) * 1000) / 1000
}

function shareAbove(histogram: LatencyRecorder, limitUs: number): number {
  let above = 0
  for (const [us, count] of histogram.counts()) if (us > limitUs) above += count
  return Math.round((above / histogram.count) * 1e6) / 1e6
}
