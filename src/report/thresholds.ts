/**
 * `--slo` expressions: what a run must keep for exit code 0.
 *
 *   threshold  = subject comparison limit
 *   subject    = metric [".response" | ".service"] ":" aggregate      push_latency:p99
 *              | ("gc" | "loop_lag") "." side ":" aggregate           gc.target:max
 *              | count                                                messages.lost, or short: lost
 *   aggregate  = "min" | "mean" | "max" | "count" | "p" percentile    p50, p99.9 (or p99_9)
 *   comparison = "<" | "<=" | ">" | ">=" | "=="
 *   limit      = time with unit (50ms) | count (10k) | percentage (0.1%) | size (512)
 *              | rate (50k/s), as the subject wants
 *
 * What was not measured holds nothing: a threshold without samples has crossed, so that a broken
 * run never passes a gate.
 */
import { nearestName } from '../config/nearest.ts'
import { parseBytes, parseCount, parseDurationMs, parseNumber, parseRate } from '../config/units.ts'
import { ConfigFaults, PushctlError } from '../errors/pushctl-error.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { DistributionReport, RunReport, ThresholdReport } from '../stats/run-report.ts'
import { COUNT_SUBJECTS, DISTRIBUTION_SUBJECTS } from './threshold-subjects.ts'

const COMPARISONS = {
  '<=': (observed: number, limit: number) => observed <= limit,
  '>=': (observed: number, limit: number) => observed >= limit,
  '==': (observed: number, limit: number) => observed === limit,
  '<': (observed: number, limit: number) => observed < limit,
  '>': (observed: number, limit: number) => observed > limit,
} as const
export type Comparison = keyof typeof COMPARISONS

export type ThresholdUnit = 'us' | 'count' | 'percent' | 'bytes' | 'rate'

export interface Threshold {
  readonly expression: string
  /** Full name, e.g. `push_latency.service` or `messages.lost`. */
  readonly subject: string
  /** `min`, `mean`, `max`, `count`, or `p` and a number from 0 to 100; null for counts. */
  readonly aggregate: string | null
  readonly comparison: Comparison
  readonly limit: number
  /** Of the limit and of what is observed. */
  readonly unit: ThresholdUnit
}

/** As they are listed for people: `.response` and `.service` go without saying. */
const DISTRIBUTION_NAMES = [...DISTRIBUTION_SUBJECTS.keys()].filter(
  (name) => !/\.(response|service)$/.test(name),
)
const SUBJECT_NAMES = [...DISTRIBUTION_SUBJECTS.keys(), ...COUNT_SUBJECTS.keys()]
/** `lost` for `messages.lost`: no two counts share a last part (a test holds that). */
const SHORT_NAMES = new Map(
  [...COUNT_SUBJECTS.keys()].map((name) => [name.slice(name.indexOf('.') + 1), name]),
)
const EXAMPLE = "--slo 'push_latency:p99<50ms'"
const AGGREGATES_EXPECTED = 'min, mean, max, count or a percentile such as p99.9'

/** @throws ConfigFaults with every fault of every expression. */
export function parseThresholds(expressions: readonly string[]): Threshold[] {
  const thresholds: Threshold[] = []
  const faults: PushctlError[] = []
  for (const expression of expressions) {
    try {
      thresholds.push(parseThreshold(expression))
    } catch (error) {
      if (!(error instanceof PushctlError)) throw error
      faults.push(error)
    }
  }
  if (faults.length > 0) throw new ConfigFaults(faults)
  return thresholds
}

/** @throws PushctlError PUSHCTL_USAGE that says what was expected. */
export function parseThreshold(text: string): Threshold {
  const expression = text.trim()
  const match = /^([^<>=:]*?)\s*(?::\s*([^<>=]*?))?\s*(<=|>=|==|<|>)\s*([^<>=]*)$/.exec(expression)
  if (!match) {
    throw fault(expression, 'needs exactly one comparison: <, <=, >, >= or ==', [EXAMPLE])
  }
  const [, name, aggregateText, comparison, limitText] = match
  const subject = subjectOf(expression, name)
  const aggregate = aggregateOf(expression, subject, aggregateText)
  return {
    expression,
    subject,
    aggregate,
    comparison: comparison as Comparison,
    ...limitOf(expression, subject, aggregate, limitText),
  }
}

/** One row per threshold, in order. `observed` and `limit` are in the threshold's unit. */
export function evaluateThresholds(
  thresholds: readonly Threshold[],
  report: RunReport,
): ThresholdReport[] {
  return thresholds.map((threshold) => {
    const observed = observe(threshold, report)
    const { expression, comparison, limit } = threshold
    const held = observed !== null && COMPARISONS[comparison](observed, limit)
    return { expression, observed, limit, held }
  })
}

function observe({ subject, aggregate, unit }: Threshold, report: RunReport): number | null {
  if (aggregate !== null) {
    const distribution = DISTRIBUTION_SUBJECTS.get(subject)?.(report) ?? null
    return distribution === null ? null : aggregateValue(distribution, aggregate)
  }
  const count = COUNT_SUBJECTS.get(subject)
  const value = count?.read(report) ?? null
  if (unit !== 'percent' || value === null) return value
  const base = count?.base?.(report) ?? null
  return base === null || base === 0 ? null : (100 * value) / base
}

function aggregateValue(distribution: DistributionReport, aggregate: string): number | null {
  if (aggregate === 'count') return distribution.count
  if (distribution.count === 0) return null
  if (aggregate === 'min' || aggregate === 'mean' || aggregate === 'max') {
    return distribution[aggregate]
  }
  return LatencyRecorder.fromBase64(distribution.hdr).valueAtPercentile(Number(aggregate.slice(1)))
}

function subjectOf(expression: string, name: string): string {
  const lower = name.toLowerCase()
  const known = SHORT_NAMES.get(lower) ?? lower
  if (DISTRIBUTION_SUBJECTS.has(known) || COUNT_SUBJECTS.has(known)) return known
  if (name === '') throw fault(expression, 'needs a metric or a count in front', [EXAMPLE])
  const nearest = nearestName(name, [...SUBJECT_NAMES, ...SHORT_NAMES.keys()])
  throw fault(
    expression,
    `names no metric or count: "${name}"`,
    nearest === null
      ? [
          `one of ${DISTRIBUTION_NAMES.join(', ')}`,
          `or a count: ${[...COUNT_SUBJECTS.keys()].join(', ')}`,
        ]
      : [`--slo '${expression.replace(name, nearest)}'`],
  )
}

function aggregateOf(expression: string, subject: string, text: string | undefined): string | null {
  if (COUNT_SUBJECTS.has(subject)) {
    if (text === undefined) return null
    throw fault(expression, `needs no ":${text}": ${subject} is one number`, [
      `--slo '${expression.replace(/\s*:[^<>=]*/, '')}'`,
    ])
  }
  if (text === undefined || text === '') {
    throw fault(expression, `needs an aggregate after ${subject}: ${AGGREGATES_EXPECTED}`, [
      EXAMPLE,
    ])
  }
  const aggregate = text.toLowerCase().replace('_', '.')
  if (['min', 'mean', 'max', 'count'].includes(aggregate)) return aggregate
  const percentile = /^p(\d{1,3}(?:\.\d{1,6})?)$/.exec(aggregate)?.[1]
  if (percentile !== undefined && Number(percentile) > 0 && Number(percentile) <= 100) {
    return aggregate
  }
  throw fault(expression, `expects ${AGGREGATES_EXPECTED}, got "${text}"`, [EXAMPLE])
}

function limitOf(expression: string, subject: string, aggregate: string | null, text: string) {
  const limits = limitKindsOf(subject, aggregate)
  for (const { unit, parse } of limits) {
    const limit = parse(text)
    if (limit !== null) return { limit, unit }
  }
  const expected = limits.map(({ expected }) => expected).join(' or ')
  throw fault(expression, `expects ${expected} after the comparison, got "${text}"`)
}

interface LimitKind {
  readonly unit: ThresholdUnit
  readonly expected: string
  readonly parse: (text: string) => number | null
}

function limitKindsOf(subject: string, aggregate: string | null): readonly LimitKind[] {
  if (aggregate === 'count') return [LIMITS.count]
  const count = COUNT_SUBJECTS.get(subject)
  if (!count) return [LIMITS.us]
  return count.base ? [LIMITS.percent, LIMITS.count] : [LIMITS[count.unit]]
}

const LIMITS: Readonly<Record<ThresholdUnit, LimitKind>> = {
  us: {
    unit: 'us',
    expected: 'a time with its unit such as 50ms',
    parse(text) {
      const ms = parseDurationMs(text)
      // To the nanosecond: 0.1 ms is 100 µs and not 100.00000000000001.
      return ms === null ? null : Math.round(ms * 1e6) / 1e3
    },
  },
  count: { unit: 'count', expected: 'a whole number such as 0 or 10k', parse: parseCount },
  percent: { unit: 'percent', expected: 'a percentage such as 0.1%', parse: parsePercent },
  bytes: { unit: 'bytes', expected: 'a size such as 512 or 4KiB', parse: parseBytes },
  rate: { unit: 'rate', expected: 'a rate such as 50k/s', parse: parseRate },
}

function parsePercent(text: string): number | null {
  const value = text.endsWith('%') ? parseNumber(text.slice(0, -1).trim()) : null
  return value !== null && value >= 0 ? value : null
}

function fault(expression: string, rule: string, tries: readonly string[] = []): PushctlError {
  return new PushctlError('PUSHCTL_USAGE', `--slo "${expression}" ${rule}`, { tries })
}
