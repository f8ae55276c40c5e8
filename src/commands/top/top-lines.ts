/**
 * One look of `top` without a terminal: a line a node, always the same fields in the same order, so
 * that a program can take them apart; and the document of --json.
 */
import { plainText } from '../../report/table.ts'
import type { NodeRow } from './node-row.ts'

export function topLines(time: string, rows: readonly NodeRow[], total: NodeRow): string {
  const all = rows.length > 1 ? [...rows, total] : rows
  return all.map((row) => topLine(time, row)).join('\n')
}

function topLine(time: string, row: NodeRow): string {
  const name = plainText(row.name).replaceAll(' ', '_')
  if (row.failure !== '') return `${time}  ${name}  no answer: ${plainText(row.failure)}`
  return [
    time,
    name,
    row.state.replaceAll(' ', '_'),
    `connections ${whole(row.connections)}`,
    `devices ${whole(row.devices)}`,
    `connects/s ${rate(row.connectsPerSecond)}`,
    `pushes/s ${rate(row.pushesPerSecond)}`,
    `messages/s ${rate(row.messagesPerSecond)}`,
    `bytes_out/s ${rate(row.sentBytesPerSecond)}`,
    `errors/s ${rate(row.errorsPerSecond)}`,
    `waiting_bytes ${whole(row.bufferedBytes)}`,
    `lag_ms ${rate(row.loopLagMs)}`,
    `api_p99_ms ${rate(row.apiP99Ms)}`,
    `rss_bytes ${whole(row.rssBytes)}`,
    `level ${whole(row.level)}`,
    `shards ${whole(row.shardsUp)}/${whole(row.shards)}`,
  ].join('  ')
}

export function topDocument(time: string, rows: readonly NodeRow[], total: NodeRow): object {
  return { schema: 'pushctl.top/1', time, nodes: rows, total: { ...total, url: null } }
}

function whole(value: number | null): string {
  return value === null ? '?' : String(Math.round(value))
}

function rate(value: number | null): string {
  if (value === null) return '?'
  return value > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value))
}
