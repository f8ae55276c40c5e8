/**
 * Several hosts in one table: a column a host, a row a check that asks for something somewhere. A
 * host that could not be read has a line below it instead of a column of unknowns.
 */
import { type Finding, STATUSES, type Status } from './finding.ts'

export interface HostColumn {
  readonly name: string
  /** Why there are no findings, or null. */
  readonly failure: string | null
  readonly findings: readonly Finding[]
}

export function hostsTable(hosts: readonly HostColumn[]): string {
  const read = hosts.filter(({ failure }) => failure === null)
  const ids = [...new Set(read.flatMap(({ findings }) => findings.map(({ id }) => id)))]
  const rows = ids
    .map((id) => ({ id, cells: read.map((host) => worstOf(host, id)) }))
    .filter(({ cells }) => cells.some((cell) => cell !== 'ok' && cell !== 'info' && cell !== '-'))
    .sort((a, b) => rankOf(a.cells) - rankOf(b.cells))
  const table = [
    ['check', ...read.map(({ name }) => name)],
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
  return [...(read.length > 1 ? lines : []), ...failures].join('\n')
}

function worstOf({ findings }: HostColumn, id: string): Status | '-' {
  const own = findings.filter((finding) => finding.id === id).map(({ status }) => status)
  return STATUSES.find((status) => own.includes(status)) ?? '-'
}

function rankOf(cells: readonly (Status | '-')[]): number {
  return Math.min(...cells.map((cell) => (cell === '-' ? STATUSES.length : STATUSES.indexOf(cell))))
}
