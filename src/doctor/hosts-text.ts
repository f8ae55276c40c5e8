/** Several hosts in one table: a row a check that is not fine everywhere, a column a host. */
import { type Finding, STATUSES, type Status } from './finding.ts'

export interface HostColumn {
  readonly name: string
  /** Why there are no findings, or null. */
  readonly failure: string | null
  readonly findings: readonly Finding[]
}

export function hostsTable(hosts: readonly HostColumn[]): string {
  const ids = [...new Set(hosts.flatMap(({ findings }) => findings.map(({ id }) => id)))]
  const rows = ids
    .map((id) => ({ id, cells: hosts.map((host) => worstOf(host, id)) }))
    .filter(({ cells }) => cells.some((cell) => cell !== 'ok' && cell !== '-'))
    .sort((a, b) => rankOf(a.cells) - rankOf(b.cells))
  const table = [
    ['check', ...hosts.map(({ name }) => name)],
    ...rows.map(({ id, cells }) => [id, ...cells]),
  ]
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  const failures = hosts.flatMap(({ name, failure }) =>
    failure === null ? [] : [`${name}: could not be read: ${failure}`],
  )
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [...lines, ...failures].join('\n')
}

function worstOf({ findings, failure }: HostColumn, id: string): Status | '-' {
  if (failure !== null) return 'unknown'
  const own = findings.filter((finding) => finding.id === id).map(({ status }) => status)
  return STATUSES.find((status) => own.includes(status)) ?? '-'
}

function rankOf(cells: readonly (Status | '-')[]): number {
  return Math.min(...cells.map((cell) => (cell === '-' ? STATUSES.length : STATUSES.indexOf(cell))))
}
