/**
 * Several reports of one load as one: shards or hosts that drove the same target at the same time.
 * Distributions are merged count by count, so percentiles are those of all samples together. What
 * cannot be merged is refused or left out and named, never averaged.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import {
  type FailureReport,
  METRIC_NAMES,
  type MetricName,
  type MetricReport,
  type RunReport,
  type Verdict,
} from '../stats/run-report.ts'
import { mergeBadClients } from './bad-client-merge.ts'
import { clusterLeftOut, mergeClusters } from './cluster-merge.ts'
import { mergeDistributions } from './distribution-merge.ts'
import { mergeIntervals } from './interval-merge.ts'
import { mergeGcSides, mergeHosts } from './side-merge.ts'
import { mergeStages, stageFaults } from './stage-merge.ts'
import { evaluateThresholds, parseThresholds } from './thresholds.ts'

export interface NamedReport {
  /** The file, for messages and for the merged plan. */
  readonly name: string
  readonly report: RunReport
}

export interface MergedReport {
  readonly report: RunReport
  /** Why each is not in it. */
  readonly leftOut: readonly string[]
}

/**
 * The time until all devices of one generator had a broadcast; until those of all had it, only the
 * slowest of each single broadcast could say.
 */
const OF_ONE_GENERATOR: readonly MetricName[] = ['broadcast_first', 'broadcast_all']
const VERDICTS: readonly Verdict[] = ['VALID', 'SUSPECT', 'INVALID']

/**
 * `isOneRun`: parts of one run, which overlap whenever they were stopped.
 *
 * @throws PushctlError PUSHCTL_CONFIG that says what does not fit
 */
export function mergeReports(named: readonly NamedReport[], isOneRun = false): MergedReport {
  const ofSeveral = isOneRun ? [] : [...twinFaults(named), ...apartFaults(named)]
  const reasons = [...mergeFaults(named), ...ofSeveral]
  if (reasons.length > 0) {
    throw new PushctlError('PUSHCTL_CONFIG', 'these reports cannot be merged', {
      why: reasons.join('; '),
      tries: ['pushctl report compare A B   (for runs one after the other)'],
    })
  }
  const reports = named.map(({ report }) => report)
  const startMs = Math.min(...reports.map(startOf))
  const stages = mergeStages(named, startMs, (parts) => mergeLoad(parts, startMs))
  const merged = { ...mergeLoad(named, startMs), ...(stages.length === 0 ? {} : { stages }) }
  return {
    report: { ...merged, thresholds: thresholdsOf(reports, merged) },
    leftOut: leftOutOf(reports),
  }
}

/** All but stages and thresholds. */
function mergeLoad(named: readonly NamedReport[], startMs: number): RunReport {
  const reports = named.map(({ report }) => report)
  const [first] = reports
  return {
    ...first,
    started_at: new Date(startMs).toISOString(),
    duration_ms: Math.max(...reports.map((report) => report.duration_ms)),
    interrupted: reports.some(({ interrupted }) => interrupted),
    ...(reports.some(({ partial }) => partial) ? { partial: true } : {}),
    targets: [...new Set(reports.flatMap(({ targets }) => targets))],
    engine: [...new Set(reports.map(({ engine }) => engine))].join(', '),
    verdict: worstVerdict(named),
    connections: mergeConnections(reports, startMs),
    messages: sumNumbers(reports.map(({ messages }) => messages)),
    metrics: mergeMetrics(reports),
    ...mergeBadClients(reports),
    gc: mergeGcSides(reports),
    host: mergeHosts(reports.map(({ host }) => host)),
    hosts: reports.flatMap(({ hosts }) => hosts),
    memory: {
      generator_bytes_per_connection: meanBytes(reports, 'generator_bytes_per_connection'),
      target_bytes_per_connection: meanBytes(reports, 'target_bytes_per_connection'),
    },
    ...mergeTargets(reports),
    ...mergeClusters(reports, startMs),
    ...mergeGenerators(reports),
    ...mergeSteering(named, startMs),
    intervals: mergeIntervals(
      reports.map((report) => ({ offsetMs: startOf(report) - startMs, rows: report.intervals })),
    ),
    environment: sharedValues(reports.map(({ environment }) => environment)),
    plan: mergedPlan(named),
    thresholds: [],
  }
}

function mergeFaults(named: readonly NamedReport[]): string[] {
  const [first, ...rest] = named
  const faults: string[] = []
  faults.push(...stageFaults(named))
  for (const { name, report } of rest) {
    if (report.mode !== first.report.mode) {
      faults.push(`${name} is mode ${report.mode}, ${first.name} is ${first.report.mode}`)
    }
    const [bytes, firstBytes] = [messageBytesOf(report), messageBytesOf(first.report)]
    if (bytes !== firstBytes) {
      faults.push(`messages of ${name} have ${bytes} bytes, those of ${first.name} ${firstBytes}`)
    }
  }
  return faults
}

/** Parts of one run may look alike: none has measured anything yet. */
function twinFaults(named: readonly NamedReport[]): string[] {
  return named.flatMap(({ name, report }, index) => {
    const twin = named.slice(0, index).find((other) => isSameRun(other.report, report))
    return twin === undefined ? [] : [`${name} and ${twin.name} are the same run`]
  })
}

/** Runs one after the other; parts of one run may have been stopped at any time. */
function apartFaults(named: readonly NamedReport[]): string[] {
  // One that was interrupted before anything was measured has no time of its own.
  const measured = named.filter(({ report }) => endOf(report) > startOf(report))
  const latest = measured.toSorted((a, b) => startOf(b.report) - startOf(a.report))[0]
  const soonest = measured.toSorted((a, b) => endOf(a.report) - endOf(b.report))[0]
  if (!latest || !soonest || endOf(soonest.report) > startOf(latest.report)) return []
  return [
    `${soonest.name} had ended before ${latest.name} began: ` +
      'the load of runs one after the other does not add up',
  ]
}

function isSameRun(a: RunReport, b: RunReport): boolean {
  return a.started_at === b.started_at && JSON.stringify(a.metrics) === JSON.stringify(b.metrics)
}

function startOf({ started_at }: RunReport): number {
  return Date.parse(started_at)
}

function endOf(report: RunReport): number {
  return startOf(report) + (report.intervals.at(-1)?.at_ms ?? report.duration_ms)
}

function messageBytesOf({ plan }: RunReport): unknown {
  return (plan['schedule'] as { messageBytes?: number } | undefined)?.messageBytes ?? 'unknown'
}

function worstVerdict(named: readonly NamedReport[]): RunReport['verdict'] {
  const worst = Math.max(...named.map(({ report }) => VERDICTS.indexOf(report.verdict.value)))
  const reasons = named.flatMap(({ name, report }) =>
    report.verdict.reasons.map((reason) => `${name}: ${reason}`),
  )
  return { value: VERDICTS[worst], reasons }
}

function mergeMetrics(reports: readonly RunReport[]): RunReport['metrics'] {
  const metrics: Partial<Record<MetricName, MetricReport>> = {}
  for (const name of METRIC_NAMES) {
    if (OF_ONE_GENERATOR.includes(name)) continue
    const pairs = reports.map((report) => report.metrics[name]).filter((pair) => pair !== undefined)
    if (pairs.length === 0) continue
    metrics[name] = {
      unit: 'us',
      response: mergeDistributions(pairs.map(({ response }) => response)),
      service: mergeDistributions(pairs.map(({ service }) => service)),
    }
  }
  return metrics
}

function mergeConnections(
  reports: readonly RunReport[],
  startMs: number,
): RunReport['connections'] {
  const counts = reports.map(({ connections }) => {
    const { failures: _, replaced: _replaced, ...numbers } = connections
    return numbers
  })
  const replaced = reports
    .map(({ connections }) => connections.replaced)
    .filter((replacements) => replacements !== undefined)
  const rows = new Map<string, FailureReport>()
  for (const report of reports) {
    for (const failure of report.connections.failures) {
      const key = [failure.phase, failure.cause, failure.source ?? ''].join('\n')
      const firstMs = failure.first_ms + startOf(report) - startMs
      const known = rows.get(key)
      rows.set(key, {
        ...(known ?? failure),
        count: failure.count + (known?.count ?? 0),
        first_ms: Math.min(firstMs, known?.first_ms ?? firstMs),
      })
    }
  }
  return {
    ...sumNumbers(counts),
    ...(replaced.length === 0 ? {} : { replaced: sumNumbers(replaced) }),
    failures: [...rows.values()].sort((a, b) => b.count - a.count),
  }
}

function sumNumbers<Counts extends object>(all: readonly Counts[]): Counts {
  const names = Object.keys(all[0]) as (keyof Counts)[]
  const sums = names.map((name) => {
    const sum = all.reduce((total, counts) => total + Number(counts[name] ?? 0), 0)
    return [name, Math.round(sum * 100) / 100] as const
  })
  return Object.fromEntries(sums) as Counts
}

/** Weighted by connections; null where no part knows it. */
function meanBytes(
  reports: readonly RunReport[],
  name: 'generator_bytes_per_connection' | 'target_bytes_per_connection',
): number | null {
  let bytes = 0
  let connections = 0
  for (const report of reports) {
    const slope = report.memory[name]
    if (slope === null) continue
    bytes += slope * report.connections.established
    connections += report.connections.established
  }
  return connections === 0 ? null : Math.round(bytes / connections)
}

/** The target of all is one and the same; who looked at the same of it twice is told once. */
function mergeTargets(reports: readonly RunReport[]): Pick<RunReport, 'target'> {
  const sources = reports.flatMap(({ target }) => target?.sources ?? [])
  const known = new Map(sources.map((source) => [source.name, source]))
  return known.size === 0 ? {} : { target: { sources: [...known.values()] } }
}

/** Of runs on several hosts, each with its own. */
function mergeGenerators(reports: readonly RunReport[]): Pick<RunReport, 'generators'> {
  const generators = reports.flatMap(({ generators: own = [] }) => own)
  return generators.length === 0 ? {} : { generators }
}

/** What was done to each of them by hand, in order of time. */
function mergeSteering(named: readonly NamedReport[], startMs: number): Pick<RunReport, 'steered'> {
  const steered = named.flatMap(({ name, report }) =>
    (report.steered ?? []).map((row) => ({
      ...row,
      at_ms: row.at_ms + startOf(report) - startMs,
      ...(named.length === 1 ? {} : { of: name }),
    })),
  )
  return steered.length === 0 ? {} : { steered: steered.sort((a, b) => a.at_ms - b.at_ms) }
}

type Environment = RunReport['environment']

/** Where parts differ, each value once. */
export function sharedValues(all: readonly Environment[]): Environment {
  const names = new Set(all.flatMap((environment) => Object.keys(environment)))
  return Object.fromEntries(
    [...names].map((name) => {
      const values = [...new Set(all.map((environment) => environment[name] ?? null))]
      return [name, values.length === 1 ? values[0] : values.map(String).join(', ')]
    }),
  )
}

function mergedPlan(named: readonly NamedReport[]): RunReport['plan'] {
  const { schedule } = named[0].report.plan
  return {
    headline: `${named.length} reports merged`,
    merged: named.map(({ name, report }) => ({ name, plan: report.plan })),
    ...(schedule === undefined ? {} : { schedule }),
  }
}

function thresholdsOf(reports: readonly RunReport[], merged: RunReport): RunReport['thresholds'] {
  const expressions = reports.flatMap(({ thresholds }) => thresholds.map((row) => row.expression))
  return evaluateThresholds(parseThresholds([...new Set(expressions)]), merged)
}

function leftOutOf(reports: readonly RunReport[]): string[] {
  const names = OF_ONE_GENERATOR.filter((name) => reports.some(({ metrics }) => metrics[name]))
  return [
    ...names.map((name) => `${name}: it is known of each generator by itself, not of all together`),
    ...clusterLeftOut(reports),
  ]
}
