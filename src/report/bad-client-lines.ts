/** Clients that behaved badly on purpose, as a table: what they did, and what was done to them. */
import { formatCount } from '../config/quantities.ts'
import type { BadClientReport, BadClientsReport, RunReport } from '../stats/run-report.ts'
import { millisecondsText } from './report-values.ts'
import { plainText, tableLines } from './table.ts'

const ENDS_SHOWN_MAX = 4

export const BAD_CLIENT_COUNTS = ['clients', 'connected', 'received', 'cut', 'alive at end']

export function badClientLines({ bad_clients }: RunReport): string[] {
  if (bad_clients === undefined) return []
  const head = ['kind', ...BAD_CLIENT_COUNTS, 'ends']
  const rows = bad_clients.kinds.map((row) => [
    row.kind,
    ...badClientCounts(row),
    badClientEnds(row, ENDS_SHOWN_MAX).join(', '),
  ])
  const left = 'left' as const
  const right = 'right' as const
  return [
    ...tableLines([head, ...rows], [left, right, right, right, right, right, left]),
    ...endedByNodeLines(bad_clients),
  ]
}

/** Empty where the node did not say. */
export function endedByNodeLines({ ended_by_node }: BadClientsReport): string[] {
  if (ended_by_node === undefined) return []
  const ends = Object.entries(ended_by_node).map(
    ([name, count]) => `${formatCount(count)} × ${plainText(name)}`,
  )
  return [`the node ended ${ends.length === 0 ? 'none' : ends.join(', ')}`]
}

/** In the order of BAD_CLIENT_COUNTS. */
export function badClientCounts(row: BadClientReport): string[] {
  const { wanted, connected, received, cut, alive_at_end } = row
  return [wanted, connected, received, cut, alive_at_end].map(formatCount)
}

export function badClientEnds(
  { ends, dropped, came_back }: BadClientReport,
  shownMax: number,
): string[] {
  const shown = ends.slice(0, shownMax).map(({ cause, count, after_ms }) => {
    return `${formatCount(count)} × ${plainText(cause)} after ${millisecondsText(after_ms.p50)}`
  })
  const more = ends.length - shown.length
  if (more > 0) shown.push(`and ${more} more`)
  if (dropped !== undefined) {
    shown.unshift(`${formatCount(dropped)} vanished, ${formatCount(came_back ?? 0)} came back`)
  }
  return shown
}
