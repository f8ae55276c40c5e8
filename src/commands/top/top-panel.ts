/**
 * What `top` shows on a terminal, as lines of coloured parts: a table of nodes with their total,
 * and, where rows are left, where their connections and errors are. Never more lines than the
 * terminal has rows, or the drawing would scroll.
 */
import { formatBytes } from '../../config/quantities.ts'
import type { LinePart, LineTone } from '../../report/live/line-screen.tsx'
import { clipText, padCell, plainText, visibleWidth } from '../../report/table.ts'
import { type Column, columnsFor, count, milliseconds } from './columns.ts'
import type { NodeRow } from './node-row.ts'
import type { SortKey } from './row-order.ts'

export interface PanelSize {
  readonly columns: number
  readonly rows: number
}

type PanelLine = readonly LinePart[]

const NAME_CELLS_MIN = 10
const NAME_CELLS_MAX = 28
const LABEL_CELLS = 13
/** Title, empty line, head of the table, total, keys. */
const FIXED_LINES = 5

export function topPanel(
  time: string,
  rows: readonly NodeRow[],
  total: NodeRow,
  sortKey: SortKey,
  size: PanelSize,
): PanelLine[] {
  const widest = Math.max(NAME_CELLS_MIN, ...rows.map(({ name }) => visibleWidth(plainText(name))))
  const nameCells = Math.min(NAME_CELLS_MAX, widest)
  const columns = columnsFor(size.columns - nameCells)
  const hasTotal = rows.length > 1
  const room = Math.max(1, size.rows - FIXED_LINES - 1)
  const shown = rows.length <= room ? rows : rows.slice(0, room - 1)
  const lines: PanelLine[] = [
    title(time, total, size.columns),
    [],
    headLine(columns, nameCells, sortKey),
    ...shown.map((row) => nodeLine(row, columns, nameCells, size.columns)),
  ]
  if (shown.length < rows.length) {
    lines.push([{ text: `${rows.length - shown.length} more nodes`, tone: 'dim' }])
  }
  if (hasTotal) lines.push(nodeLine(total, columns, nameCells, size.columns))
  const keys: PanelLine = [
    { text: clipText('q ends, s sorts by the next column', size.columns), tone: 'dim' },
  ]
  const left = size.rows - lines.length - 2
  const details = detailLines(rows.length === 1 ? rows[0] : total, size.columns)
  if (left > details.length) lines.push([], ...details)
  if (left > details.length + 1) lines.push([])
  return [...lines, keys]
}

function title(time: string, total: NodeRow, cells: number): PanelLine {
  const nodes = total.state.replace('up', 'nodes ready')
  const text = `${time}  ${nodes}, ${count(total.connections)} connections`
  return [{ text: clipText(text, cells), tone: 'plain' }]
}

function headLine(columns: readonly Column[], nameCells: number, sortKey: SortKey): PanelLine {
  const mark = (isSorted: boolean, title: string): LinePart => ({
    text: title,
    tone: isSorted ? 'info' : 'dim',
  })
  return [
    mark(sortKey === 'name', padCell('NODE', nameCells, 'left')),
    ...columns.map((column) =>
      mark(column.sortKey === sortKey, ` ${padded(column.title, column)}`),
    ),
  ]
}

function nodeLine(
  row: NodeRow,
  columns: readonly Column[],
  nameCells: number,
  cells: number,
): PanelLine {
  const name = padCell(clipText(plainText(row.name), nameCells), nameCells, 'left')
  if (row.failure !== '') {
    const text = clipText(` ${plainText(row.failure)}`, Math.max(1, cells - nameCells))
    return [
      { text: name, tone: 'plain' },
      { text, tone: 'critical' },
    ]
  }
  return [
    { text: name, tone: 'plain' },
    ...columns.map((column): LinePart => {
      const tone: LineTone = column.tone?.(row) ?? 'plain'
      return {
        text: ` ${padded(clipText(plainText(column.text(row)), column.width), column)}`,
        tone,
      }
    }),
  ]
}

/** Words to the left, numbers to the right. */
function padded(text: string, column: Column): string {
  return padCell(text, column.width, column.title === 'STATE' ? 'left' : 'right')
}

function detailLines(row: NodeRow, cells: number): PanelLine[] {
  const { notReadyBecause, shards, shardsUp } = row
  const details: [label: string, text: string, tone: LineTone][] = [
    ['connections', countsText(row.states), 'plain'],
    ['devices', countsText(row.carriers), 'plain'],
    ['closes/s', countsText(row.closesPerSecond, 'none'), 'plain'],
    ['errors', countsText(row.errors, 'none so far'), 'plain'],
    ['waiting', waitingText(row.bufferedBytes), 'plain'],
    ['longest GC', milliseconds(row.gcPauseMsMax), 'plain'],
    [
      'shards',
      `${count(shardsUp)} of ${count(shards)} up`,
      shards !== null && shardsUp !== shards ? 'critical' : 'plain',
    ],
  ]
  if (notReadyBecause !== '') details.push(['not ready', notReadyBecause, 'warn'])
  return details.map(([label, text, tone]) => [
    { text: padCell(label, LABEL_CELLS, 'left'), tone: 'dim' },
    { text: clipText(plainText(text), Math.max(1, cells - LABEL_CELLS)), tone },
  ])
}

/** Most first; what is 0 is left out. */
function countsText(counts: Readonly<Record<string, number>>, none = '?'): string {
  const entries = Object.entries(counts)
  const some = entries.filter(([, value]) => value > 0).sort(([, a], [, b]) => b - a)
  if (some.length === 0) return entries.length > 0 ? 'none' : none
  return some.map(([name, value]) => `${name} ${count(value)}`).join(', ')
}

function waitingText(bufferedBytes: number | null): string {
  return bufferedBytes === null ? '?' : `${formatBytes(bufferedBytes)} for devices that read slowly`
}
