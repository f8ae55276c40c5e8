/**
 * What measured reports say for a plan: costs that replace assumptions, and how far the load of one
 * node has been carried in a run that counts. A plan beyond that is arithmetic and says so.
 */
import type { RunReport } from '../stats/run-report.ts'
import type { AssumptionOverride } from './assumption-table.ts'

export interface MeasuredReport {
  /** The file, as it was given. */
  readonly source: string
  readonly report: RunReport
}

/** One run, as far as it concerns a plan. */
export interface Evidence {
  readonly source: string
  readonly verdict: RunReport['verdict']['value']
  readonly connections: number
  readonly deliveriesPerSecond: number
  readonly connectsPerSecond: number
  /** Thresholds of the run that were crossed. */
  readonly crossed: readonly string[]
  /** µs, of response times; null where the run had no pushes. */
  readonly pushLatencyP99: number | null
}

/** A share of idle memory this small is noise of the collector: the slope is no cost. */
const BYTES_MIN = 1

/** Costs that a report measured; of several the last one counts. */
export function measuredCosts(reports: readonly MeasuredReport[]): AssumptionOverride[] {
  return reports.flatMap(({ source, report }) => {
    const bytes = report.memory.target_bytes_per_connection
    if (report.verdict.value === 'INVALID' || bytes === null || bytes < BYTES_MIN) return []
    return [{ name: 'process-bytes' as const, value: bytes, source }]
  })
}

export function evidenceOf({ source, report }: MeasuredReport): Evidence {
  const { connections, messages, metrics, thresholds, verdict } = report
  return {
    source,
    verdict: verdict.value,
    connections: connections.alive_at_end,
    deliveriesPerSecond: messages.received_per_second,
    connectsPerSecond: connections.connects_per_second,
    crossed: thresholds.filter(({ held }) => !held).map(({ expression }) => expression),
    pushLatencyP99: metrics.push_latency?.response.p99 ?? null,
  }
}

/** Whether a run carried at least this, its generator did not limit it, and all thresholds held. */
export function proves(
  { verdict, connections, deliveriesPerSecond, crossed }: Evidence,
  needed: { readonly connections: number; readonly deliveriesPerSecond: number },
): boolean {
  return (
    verdict === 'VALID' &&
    crossed.length === 0 &&
    connections >= needed.connections &&
    deliveriesPerSecond >= needed.deliveriesPerSecond
  )
}
