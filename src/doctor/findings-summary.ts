/**
 * The first screen of the report: one line a finding that asks for something, worst first. Checks
 * that are unknown for the same reason share a line, and what is fine or only worth knowing is
 * counted: 69 lines of which two matter would hide the two.
 */
import { printable } from '../config/printable.ts'
import { type Finding, STATUSES, type Status } from './finding.ts'
import { cut, type StatusPaints, wrap } from './text-layout.ts'

const LABEL_COLUMNS = 'critical'.length
const NAME_COLUMNS_MAX = 40
const OBSERVED_COLUMNS_MIN = 20
/** More warnings than this are counted: the first screen has to stay one. */
const WARNINGS_MAX = 12

export interface SummaryOptions {
  readonly columns: number
  /** One line for each finding, whatever its status. */
  readonly all: boolean
}

/** "1 critical · 2 warn · 0 unknown · 3 info · 63 ok". */
export function countsLine(findings: readonly Finding[], paints: StatusPaints): string {
  return STATUSES.map((status) => {
    const count = findings.filter((finding) => finding.status === status).length
    const text = `${count} ${status}`
    return count > 0 ? paints[status](text) : text
  }).join(' · ')
}

/** Empty when there is nothing to say but ok. */
export function summaryLines(
  findings: readonly Finding[],
  paints: StatusPaints,
  { columns, all }: SummaryOptions,
): string[] {
  const rows = all ? findings.map(rowOf) : shortRows(findings)
  const nameColumns = Math.min(
    NAME_COLUMNS_MAX,
    Math.max(0, ...rows.map(({ name }) => name.length)),
  )
  const indent = ' '.repeat(LABEL_COLUMNS + nameColumns + 4)
  const rest = Math.max(OBSERVED_COLUMNS_MIN, columns - indent.length)
  return rows.map(({ status, name, text }) => {
    const label = paints[status](status.padEnd(LABEL_COLUMNS))
    const isDetailedBelow = status === 'critical' || status === 'warn'
    const body = isDetailedBelow ? cut(text, rest) : wrap(text, rest, indent)
    return `${label}  ${cut(name, nameColumns).padEnd(nameColumns)}  ${body}`
  })
}

export function nameOf({ id, subject }: Finding): string {
  return printable(subject === null ? id : `${id} ${subject}`)
}

interface SummaryRow {
  readonly status: Status
  readonly name: string
  readonly text: string
}

function rowOf(finding: Finding): SummaryRow {
  const text = printable(finding.observed)
  return { status: finding.status, name: nameOf(finding), text }
}

function shortRows(findings: readonly Finding[]): SummaryRow[] {
  const of = (status: Status): Finding[] => findings.filter((finding) => finding.status === status)
  const warnings = of('warn')
  const more = warnings.length - WARNINGS_MAX
  return [
    ...of('critical').map(rowOf),
    ...warnings.slice(0, WARNINGS_MAX).map(rowOf),
    ...(more > 0
      ? [{ status: 'warn' as const, name: `${more} more`, text: '--all lists them' }]
      : []),
    ...sharedReasons(of('unknown')),
  ]
}

/** A row a reason: nine checks that want a process say so once. */
function sharedReasons(unknown: readonly Finding[]): SummaryRow[] {
  const byReason = new Map<string, Finding[]>()
  for (const finding of unknown) {
    const reason = printable(finding.observed).replace(/^unknown: /, '')
    byReason.set(reason, [...(byReason.get(reason) ?? []), finding])
  }
  return [...byReason].map(([reason, group]) => ({
    status: 'unknown',
    name: group.length === 1 ? nameOf(group[0]!) : `${group.length} checks`,
    text: group.length === 1 ? reason : `${reason} (${familiesOf(group)})`,
  }))
}

function familiesOf(findings: readonly Finding[]): string {
  return [...new Set(findings.map(({ id }) => `${id.split('/')[0]}/*`))].join(', ')
}
