/**
 * The stages of several reports of one load, stage by stage: hosts that were given the same stages
 * and began together. What did not run at the same time is refused, because its load never added
 * up.
 */
import type { RunReport, StageReport } from '../stats/run-report.ts'
import type { NamedReport } from './report-merge.ts'
import { evaluateThresholds, parseThresholds } from './thresholds.ts'
import { sumOf } from './row-sums.ts'

/** Hosts end a drain at different times, so later stages drift apart. */
const APART_SHARE_MAX = 0.2
const APART_MS_MIN = 2_000

/** Why the stages do not fit; empty where there are none, or they do. */
export function stageFaults(named: readonly NamedReport[]): string[] {
  const [first] = named
  const wanted = first.report.stages?.length ?? 0
  if (named.every(({ report }) => (report.stages?.length ?? 0) === 0)) return []
  return named.flatMap(({ name, report }) => {
    const stages = report.stages ?? []
    if (report.search !== undefined) {
      return [`${name} searched by itself (--find), so its stages are no part of a common load`]
    }
    if (stages.length !== wanted) {
      return [`${name} has ${stages.length} stages, ${first.name} has ${wanted}`]
    }
    const apart = stages.findIndex((stage, index) => isApart(stage, report, index, first.report))
    if (apart < 0) return []
    return [`stage ${apart + 1} of ${name} did not run at the time of that of ${first.name}`]
  })
}

/** @param merge reports without stages into one */
export function mergeStages(
  named: readonly NamedReport[],
  startMs: number,
  merge: (parts: readonly NamedReport[]) => RunReport,
): StageReport[] {
  const stages = named[0].report.stages ?? []
  return stages.map((_, index) => {
    const parts = named.map(({ report }) => report.stages?.[index] as StageReport)
    const whole = merge(named.map((each, part) => asReport(each, parts[part])))
    const expressions = parts.flatMap(({ thresholds }) => thresholds.map((row) => row.expression))
    const slos = parseThresholds([...new Set(expressions)])
    const blockedMs = Math.max(0, ...parts.map(({ blocked_ms = 0 }) => blocked_ms))
    const beginnings = named.map(({ report }, part) => beginOf(parts[part], report) - startMs)
    return {
      at_ms: Math.min(...beginnings),
      duration_ms: whole.duration_ms,
      connections_wanted: sumOf(parts, ({ connections_wanted }) => connections_wanted),
      rate_wanted: sumOf(parts, ({ rate_wanted }) => rate_wanted),
      ...(blockedMs === 0 ? {} : { blocked_ms: blockedMs }),
      verdict: whole.verdict,
      connections: whole.connections,
      messages: whole.messages,
      metrics: whole.metrics,
      thresholds: evaluateThresholds(slos, whole),
    }
  })
}

/** A stage as if it had been the run. */
function asReport({ name, report }: NamedReport, stage: StageReport): NamedReport {
  const { duration_ms, verdict, connections, messages, metrics, thresholds } = stage
  const { stages: _stages, ...rest } = report
  const own = { duration_ms, verdict, connections, messages, metrics, thresholds }
  return { name, report: { ...rest, ...own, intervals: [] } }
}

function isApart(stage: StageReport, report: RunReport, index: number, first: RunReport): boolean {
  const other = first.stages?.[index] as StageReport
  const apartMs = Math.abs(beginOf(stage, report) - beginOf(other, first))
  const longest = Math.max(stage.duration_ms, other.duration_ms)
  return apartMs > Math.max(APART_MS_MIN, longest * APART_SHARE_MAX)
}

function beginOf({ at_ms }: StageReport, { started_at }: RunReport): number {
  return Date.parse(started_at) + at_ms
}
