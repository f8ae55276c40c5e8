/**
 * What doctor saw, a line per finding, worst first and few of them: the report is about latency,
 * and `pushctl doctor` says the rest. What is only unknown or worth knowing is counted, not listed.
 */
import type { HostFindingReport, HostFindingsReport, RunReport } from '../stats/run-report.ts'
import type { ReportStyle } from './report-style.ts'
import { clipText, plainText, tableLines } from './table.ts'

const SHOWN_MAX = 5
const OBSERVED_CELLS_MIN = 30

export function hostFindingsLines({ hosts }: RunReport, style: ReportStyle): string[] {
  return hosts.flatMap((host) => linesOf(host, style))
}

function linesOf({ host, failure, findings }: HostFindingsReport, style: ReportStyle): string[] {
  const name = plainText(host)
  if (failure !== null) return [`${name}: not read: ${plainText(failure)}`]
  const bad = findings.filter(({ status }) => status === 'critical' || status === 'warn')
  const shown = bad.slice(0, SHOWN_MAX)
  const rows = shown.map((finding) => row(finding, style))
  const more = bad.length - shown.length
  return [
    `${name}: ${countsText(findings)}`,
    ...tableLines(rows),
    ...(more > 0 ? [`  and ${more} more: pushctl doctor, or hosts in report.json`] : []),
  ]
}

function row({ id, subject, status, observed }: HostFindingReport, style: ReportStyle): string[] {
  const { colors, width } = style
  const paint = status === 'critical' ? colors.red : colors.yellow
  const named = subject === null ? id : `${id} ${subject}`
  const room = Math.max(OBSERVED_CELLS_MIN, width - 48)
  return [
    `  ${paint(status.padEnd(8))}`,
    clipText(plainText(named), 32),
    clipText(plainText(observed), room),
  ]
}

/** "1 critical, 3 warn, 2 unknown"; "nothing to mend" where there is none of them. */
function countsText(findings: readonly HostFindingReport[]): string {
  const counts = (['critical', 'warn', 'unknown'] as const).flatMap((status) => {
    const count = findings.filter((finding) => finding.status === status).length
    return count === 0 ? [] : [`${count} ${status}`]
  })
  return counts.length === 0 ? 'nothing to mend' : counts.join(', ')
}
