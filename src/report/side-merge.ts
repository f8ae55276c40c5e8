/** Pauses and hosts of several reports of one load as one. */
import { longestInOrder } from '../stats/gc-recorder.ts'
import type {
  DistributionReport,
  GcPauseReport,
  GcSideReport,
  HostCounters,
  RunReport,
} from '../stats/run-report.ts'
import { mergeDistributions } from './distribution-merge.ts'

/**
 * Generators are merged. The target of all is one and the same: it is taken from the report that
 * saw most of it.
 */
export function mergeGcSides(reports: readonly RunReport[]): RunReport['gc'] {
  const startMs = Math.min(...reports.map(({ started_at }) => Date.parse(started_at)))
  const shifted = reports.map(({ gc, started_at }) => {
    const byMs = Date.parse(started_at) - startMs
    return { generator: shift(gc.generator, byMs), target: shift(gc.target, byMs) }
  })
  const generators = shifted.map(({ generator }) => generator).filter(({ known }) => known)
  const lags = generators.map(({ loop_lag }) => loop_lag).filter((lag) => lag !== null)
  const steadyLags = generators.flatMap(({ loop_lag_steady }) => loop_lag_steady ?? [])
  return {
    generator: {
      known: generators.length > 0,
      kinds: mergeKinds(generators.flatMap(({ kinds }) => kinds)),
      loop_lag: lags.length === 0 ? null : mergeDistributions(lags),
      ...(steadyLags.length === 0 ? {} : { loop_lag_steady: mergeDistributions(steadyLags) }),
    },
    target: shifted
      .map(({ target }) => target)
      .reduce((most, side) => (pausesSeen(side) > pausesSeen(most) ? side : most)),
  }
}

function shift(side: GcSideReport, byMs: number): GcSideReport {
  const kinds = side.kinds.map((row) =>
    row.longest === undefined
      ? row
      : { ...row, longest: row.longest.map((pause) => ({ ...pause, at_ms: pause.at_ms + byMs })) },
  )
  return { ...side, kinds }
}

function mergeKinds(rows: readonly GcPauseReport[]): GcPauseReport[] {
  const names = [...new Set(rows.map(({ kind }) => kind))].sort()
  return names.map((kind) => {
    const parts = rows.filter((row) => row.kind === kind)
    return {
      kind,
      pauses: mergeDistributions(parts.map(({ pauses }): DistributionReport => pauses)),
      longest: longestInOrder(parts.flatMap(({ longest = [] }) => longest)),
    }
  })
}

function pausesSeen({ known, kinds }: GcSideReport): number {
  return known ? kinds.reduce((sum, { pauses }) => sum + pauses.count, 0) : -1
}

/**
 * The highest of each counter: a report does not say on which host it ran, and two generators on
 * one host would count everything twice in a sum.
 */
export function mergeHosts(hosts: readonly RunReport['host'][]): RunReport['host'] {
  return {
    before: highest(hosts.map(({ before }) => before)),
    after: highest(hosts.map(({ after }) => after)),
    delta: highest(hosts.map(({ delta }) => delta)),
    peaks: highest(hosts.map(({ peaks }) => peaks as HostCounters)),
  }
}

function highest(all: readonly HostCounters[]): HostCounters {
  const names = new Set(all.flatMap((counters) => Object.keys(counters)))
  const entries = [...names].map((name) => {
    const values = all.map((counters) => counters[name]).filter((value) => value != null)
    return [name, values.length === 0 ? null : Math.max(...values)]
  })
  return Object.fromEntries(entries) as HostCounters
}
