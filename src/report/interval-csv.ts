/** The rows of a run over time as CSV (RFC 4180), for spreadsheets. Empty: not known. */
import type { HostMoment, IntervalReport, RunReport } from '../stats/run-report.ts'

const COLUMNS = [
  'at_ms',
  'span_ms',
  'connections',
  'sent',
  'received',
  'p50',
  'p99',
  'max',
] as const satisfies readonly (keyof IntervalReport)[]
const HOST_COLUMNS = [
  'time_wait',
  'retransmits',
  'listen_overflows',
  'softnet_drops',
  'cpu_percent',
] as const satisfies readonly (keyof HostMoment)[]
/** 0 stands for "nothing arrived" in these. */
const LATENCIES: ReadonlySet<string> = new Set(['p50', 'p99', 'max'])

export function intervalCsv({ intervals }: RunReport): string {
  const head = [
    ...COLUMNS.map((name) => (LATENCIES.has(name) ? `${name}_us` : name)),
    ...HOST_COLUMNS,
  ]
  const rows = intervals.map((row) => [
    ...COLUMNS.map((name) => (LATENCIES.has(name) && row.max === 0 ? '' : (row[name] ?? ''))),
    ...HOST_COLUMNS.map((name) => row.host?.[name] ?? ''),
  ])
  return [head, ...rows].map((cells) => `${cells.join(',')}\r\n`).join('')
}
