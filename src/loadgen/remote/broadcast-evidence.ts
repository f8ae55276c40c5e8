/**
 * The measured broadcasts of one host as text, so that the head can say what no host knows alone:
 * when all devices of all hosts had one. Columns travel as base64 of little-endian f64, 53 bytes a
 * broadcast; beyond a bound they stay at home, and the two metrics are left out of the report.
 */
import { endianness } from 'node:os'
import { type BroadcastRows, broadcastRows } from '../delivery-count.ts'
import type { PartResults } from '../run-part.ts'
import type { EvidenceText } from './control-messages.ts'

export const BROADCASTS_TOLD_MAX = 100_000
const COLUMNS = ['owed', 'count', 'firstUs', 'lastUs', 'delayUs'] as const

/** null: there is nothing to tell, or too much. */
export function evidenceFrom({ stage, results, broadcasts }: PartResults): EvidenceText | null {
  if (stage === null || broadcasts === null) return null
  const { warmupSent, sentInAll, sentBefore } = broadcasts
  if (sentInAll - warmupSent > BROADCASTS_TOLD_MAX) return null
  const [first, last] = [sentBefore + warmupSent + 1, sentBefore + sentInAll]
  const rows = broadcastRows(results, stage, first, last, sentBefore)
  const columns = COLUMNS.map((name) => [name, textOf(rows[name])])
  return { firstSeq: first, ...Object.fromEntries(columns) } as EvidenceText
}

/** null where the columns do not fit each other. */
export function rowsFrom(text: EvidenceText): BroadcastRows | null {
  const columns = COLUMNS.map((name) => [name, columnOf(text[name])] as const)
  const { length } = columns[0][1]
  if (length > BROADCASTS_TOLD_MAX || columns.some(([, column]) => column.length !== length)) {
    return null
  }
  if (columns.some(([, column]) => !column.every(Number.isFinite))) return null
  return { firstSeq: text.firstSeq, ...Object.fromEntries(columns) } as unknown as BroadcastRows
}

function textOf(column: Float64Array): string {
  return swapped(Buffer.from(column.slice().buffer)).toString('base64')
}

function columnOf(text: string): Float64Array {
  const bytes = swapped(Buffer.from(text, 'base64'))
  const column = new Float64Array(Math.floor(bytes.length / 8))
  new Uint8Array(column.buffer).set(bytes.subarray(0, column.length * 8))
  return column
}

function swapped(bytes: Buffer): Buffer {
  return endianness() === 'LE' || bytes.length % 8 !== 0 ? bytes : bytes.swap64()
}
