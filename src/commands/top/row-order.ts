/** The rows of `top` in order, and all of them as one. */
import type { NodeRow } from './node-row.ts'

/** What rows can be ordered by; the key `s` goes through them. */
export const SORT_KEYS = ['name', 'connections', 'messages', 'errors', 'lag', 'memory'] as const

export type SortKey = (typeof SORT_KEYS)[number]

const VALUE_OF: Readonly<Record<Exclude<SortKey, 'name'>, (row: NodeRow) => number | null>> = {
  connections: (row) => row.connections,
  messages: (row) => row.messagesPerSecond,
  errors: (row) => row.errorsPerSecond,
  lag: (row) => row.loopLagMs,
  memory: (row) => row.rssBytes,
}

export function nextSortKey(key: SortKey): SortKey {
  return SORT_KEYS[(SORT_KEYS.indexOf(key) + 1) % SORT_KEYS.length]
}

/** Most first, by name from a to z; who does not answer comes last. Equal ones stay in order. */
export function sortRows(rows: readonly NodeRow[], key: SortKey): NodeRow[] {
  const byName = (a: NodeRow, b: NodeRow) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  const compare =
    key === 'name'
      ? byName
      : (a: NodeRow, b: NodeRow) => (VALUE_OF[key](b) ?? -1) - (VALUE_OF[key](a) ?? -1)
  return [...rows].sort(
    (a, b) => Number(a.failure !== '') - Number(b.failure !== '') || compare(a, b),
  )
}

const SUMMED = [
  'connections',
  'connectionsMax',
  'devices',
  'connectsPerSecond',
  'pushesPerSecond',
  'messagesPerSecond',
  'heartbeatsPerSecond',
  'sentBytesPerSecond',
  'receivedBytesPerSecond',
  'errorsPerSecond',
  'bufferedBytes',
  'rssBytes',
  'shards',
  'shardsUp',
] as const
/** A mean would hide the node that is ill. */
const WORST = ['loopLagMs', 'apiP99Ms', 'gcShare', 'gcPauseMsMax', 'level'] as const

/** Sums, and the worst of what cannot be summed. What no node tells is null. */
export function totalRow(rows: readonly NodeRow[]): NodeRow {
  const answered = rows.filter(({ failure }) => failure === '')
  const ready = answered.filter(({ state }) => state === 'ready')
  const known = (name: (typeof SUMMED | typeof WORST)[number]) =>
    answered.map((row) => row[name]).filter((value) => value !== null)
  const sumOf = (values: number[]) =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
  const maxOf = (values: number[]) => (values.length === 0 ? null : Math.max(...values))
  const numbers = Object.fromEntries([
    ...SUMMED.map((name) => [name, sumOf(known(name))]),
    ...WORST.map((name) => [name, maxOf(known(name))]),
  ]) as Pick<NodeRow, (typeof SUMMED | typeof WORST)[number]>
  return {
    ...numbers,
    url: '',
    name: 'total',
    state: `${ready.length}/${rows.length} up`,
    failure: '',
    notReadyBecause: '',
    states: addedCounts(answered.map((row) => row.states)),
    carriers: addedCounts(answered.map((row) => row.carriers)),
    errors: addedCounts(answered.map((row) => row.errors)),
    closesPerSecond: addedCounts(answered.map((row) => row.closesPerSecond)),
  }
}

function addedCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}
