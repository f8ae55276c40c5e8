/**
 * Stored messages that are not acked yet: one row per message, one array per column. The rows of a
 * device are a list from its oldest to its newest message.
 *
 *   row │ next u32 │ seq f64 │ bytes u32 │ expires at s u32 │ push u32 │ flags u8
 *     5 │        9 │      41 │       256 │    1_790_000_000 │       17 │ SENT
 *
 * 25 bytes a message, beside what the store needs to find its payload. Row 0 is none and ends a
 * list.
 */
import { growColumns, NO_ROW } from './device-rows.ts'

const ROWS_AT_START = 4096

export const MESSAGE_FLAG = {
  /** Was handed over once: if it goes out again, it is a redelivery. */
  SENT: 1,
  /** Its time had passed before it was handed over. */
  EXPIRED: 2,
  /** No longer of its device; the row is given back when that is written. */
  REMOVED: 4,
} as const

const COLUMNS = ['nexts', 'seqs', 'bytes', 'expiresAtS', 'pushNumbers', 'flags'] as const

export class MessageRows {
  nexts = new Uint32Array(ROWS_AT_START)
  seqs = new Float64Array(ROWS_AT_START)
  bytes = new Uint32Array(ROWS_AT_START)
  expiresAtS = new Uint32Array(ROWS_AT_START)
  /** Number of the push it came with; 0 where nobody counts. */
  pushNumbers = new Uint32Array(ROWS_AT_START)
  flags = new Uint8Array(ROWS_AT_START)
  readonly rowsMax: number
  #count = 0
  #end = 1
  #free = NO_ROW

  constructor(rowsMax: number) {
    this.rowsMax = rowsMax
  }

  get count(): number {
    return this.#count
  }

  /** Rows below were used at some time. */
  get end(): number {
    return this.#end
  }

  /** NO_ROW where rowsMax messages are stored. */
  claim(seq: number, bytes: number, expiresAtS: number, pushNumber: number): number {
    if (this.#count >= this.rowsMax) return NO_ROW
    let row = this.#free
    if (row !== NO_ROW) this.#free = this.nexts[row]
    else {
      if (this.#end === this.nexts.length) this.#grow()
      row = this.#end++
    }
    this.#count++
    this.nexts[row] = NO_ROW
    this.seqs[row] = seq
    this.bytes[row] = bytes
    this.expiresAtS[row] = expiresAtS
    this.pushNumbers[row] = pushNumber
    this.flags[row] = 0
    return row
  }

  release(row: number): void {
    this.seqs[row] = 0
    this.nexts[row] = this.#free
    this.#free = row
    this.#count--
  }

  #grow(): void {
    growColumns(this, COLUMNS, this.nexts.length * 2)
  }
}
