/**
 * The columns of `top`, in the order in which they stand and with the order in which they give way
 * on a narrow terminal. The node's name takes what is left.
 */
import { formatBytes, formatCountShort } from '../../config/quantities.ts'
import type { LineTone } from '../../report/live/line-screen.tsx'
import type { NodeRow } from './node-row.ts'
import type { SortKey } from './row-order.ts'

export interface Column {
  readonly title: string
  readonly width: number
  /** The highest goes first when there is no room. */
  readonly dispensable: number
  readonly sortKey?: SortKey
  readonly text: (row: NodeRow) => string
  readonly tone?: (row: NodeRow) => LineTone
}

/** From here on a node is called full, late or ill. */
const FILL_HIGH = 0.9
const LAG_MS_HIGH = 50
const API_MS_HIGH = 250
const GC_SHARE_HIGH = 0.1

export const COLUMNS: readonly Column[] = [
  { title: 'STATE', width: 9, dispensable: 0, text: (row) => row.state, tone: stateTone },
  {
    title: 'CONNS',
    width: 7,
    dispensable: 0,
    sortKey: 'connections',
    text: (row) => count(row.connections),
  },
  { title: 'FULL', width: 5, dispensable: 4, text: (row) => share(fillOf(row)), tone: fillTone },
  { title: 'DEVICES', width: 7, dispensable: 7, text: (row) => count(row.devices) },
  { title: 'CONN/s', width: 6, dispensable: 1, text: (row) => count(row.connectsPerSecond) },
  { title: 'PUSH/s', width: 6, dispensable: 2, text: (row) => count(row.pushesPerSecond) },
  {
    title: 'MSG/s',
    width: 6,
    dispensable: 1,
    sortKey: 'messages',
    text: (row) => count(row.messagesPerSecond),
  },
  { title: 'BEAT/s', width: 6, dispensable: 8, text: (row) => count(row.heartbeatsPerSecond) },
  { title: 'OUT/s', width: 8, dispensable: 6, text: (row) => bytes(row.sentBytesPerSecond) },
  {
    title: 'ERR/s',
    width: 6,
    dispensable: 1,
    sortKey: 'errors',
    text: (row) => count(row.errorsPerSecond),
    tone: (row) => ((row.errorsPerSecond ?? 0) > 0 ? 'warn' : 'plain'),
  },
  { title: 'WAITING', width: 8, dispensable: 9, text: (row) => bytes(row.bufferedBytes) },
  {
    title: 'LAG',
    width: 7,
    dispensable: 2,
    sortKey: 'lag',
    text: (row) => milliseconds(row.loopLagMs),
    tone: (row) => ((row.loopLagMs ?? 0) >= LAG_MS_HIGH ? 'critical' : 'plain'),
  },
  {
    title: 'API p99',
    width: 7,
    dispensable: 5,
    text: (row) => milliseconds(row.apiP99Ms),
    tone: (row) => ((row.apiP99Ms ?? 0) >= API_MS_HIGH ? 'warn' : 'plain'),
  },
  {
    title: 'GC',
    width: 5,
    dispensable: 5,
    text: (row) => share(row.gcShare),
    tone: (row) => ((row.gcShare ?? 0) >= GC_SHARE_HIGH ? 'warn' : 'plain'),
  },
  {
    title: 'MEM',
    width: 8,
    dispensable: 3,
    sortKey: 'memory',
    text: (row) => bytes(row.rssBytes),
  },
  {
    title: 'LEVEL',
    width: 5,
    dispensable: 4,
    text: (row) => (row.level === null ? '?' : String(row.level)),
    tone: (row) => ((row.level ?? 0) > 0 ? 'critical' : 'plain'),
  },
]

/** Those that fit into so many cells, one cell apart, in their order. */
export function columnsFor(cells: number): Column[] {
  const taken: Column[] = []
  let left = cells
  for (const column of COLUMNS.toSorted((a, b) => a.dispensable - b.dispensable)) {
    if (column.width + 1 > left) break
    left -= column.width + 1
    taken.push(column)
  }
  return COLUMNS.filter((column) => taken.includes(column))
}

export function count(value: number | null): string {
  return value === null ? '?' : formatCountShort(value)
}

export function bytes(value: number | null): string {
  return value === null ? '?' : formatBytes(value).replace('iB', '').replace(' B', '')
}

export function milliseconds(value: number | null): string {
  if (value === null) return '?'
  const digits = value < 10 ? 1 : 0
  return value < 9_999 ? `${value.toFixed(digits)}ms` : `${(value / 1_000).toFixed(0)}s`
}

export function share(value: number | null): string {
  return value === null ? '?' : `${Math.round(value * 100)}%`
}

function fillOf({ connections, connectionsMax }: NodeRow): number | null {
  return connections === null || !connectionsMax ? null : connections / connectionsMax
}

function fillTone(row: NodeRow): LineTone {
  return (fillOf(row) ?? 0) >= FILL_HIGH ? 'warn' : 'plain'
}

function stateTone({ state }: NodeRow): LineTone {
  return state === 'ready' ? 'ok' : state.endsWith(' up') ? 'plain' : 'warn'
}
