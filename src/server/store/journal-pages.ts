/**
 * Journal records in memory, oldest first: their bytes one behind the other in pages of 1 MiB, each
 * behind the header of its frame on disk, and a row for each. A page goes when the last of its
 * records does, and some are kept for what comes, so that a busy journal allocates nothing.
 *
 *   row │ number │ at ms   │ page │ at byte │ bytes
 *     0 │ 41_007 │ 120_431 │    3 │ 992_344 │ 4_412     rows in use: [first, end)
 *     1 │ 41_008 │ 120_433 │    4 │       0 │ 9_020
 *
 * Outside a record is known by its index: 0 is the oldest.
 */
import { growColumns } from './device-rows.ts'
import { FRAME_HEADER_BYTES } from './journal-frame.ts'
import { type JournalRecord, type RecordMemory, recordMemory } from './journal-record.ts'

const PAGE_BYTES = 1 << 20
const SPARE_PAGES_MAX = 2
const ROWS_AT_START = 1024
const ALIGNED_BYTES = 8

const COLUMNS = ['numbers', 'atMs', 'pages', 'byteAts', 'lengths'] as const

class RecordRows {
  numbers = new Float64Array(ROWS_AT_START)
  atMs = new Float64Array(ROWS_AT_START)
  /** Counted from the first page of this process. */
  pages = new Uint32Array(ROWS_AT_START)
  byteAts = new Uint32Array(ROWS_AT_START)
  lengths = new Uint32Array(ROWS_AT_START)
  first = 0
  end = 0

  /** The row behind the last. */
  append(): number {
    if (this.end === this.numbers.length) this.#makeRoom()
    return this.end++
  }

  #makeRoom(): void {
    if (this.first < this.end / 2) {
      growColumns(this, COLUMNS, this.numbers.length * 2)
      return
    }
    for (const name of COLUMNS) this[name].copyWithin(0, this.first, this.end)
    this.end -= this.first
    this.first = 0
  }
}

export class JournalPages {
  readonly #rows = new RecordRows()
  /** In use, oldest first. */
  readonly #pages: RecordMemory[] = []
  readonly #spares: RecordMemory[] = []
  #firstPage = 0
  /** In the last page: behind its last record. */
  #endByte = 0
  #bytes = 0

  get count(): number {
    return this.#rows.end - this.#rows.first
  }

  /** Of all records. */
  get bytes(): number {
    return this.#bytes
  }

  /** Memory in use, spare pages included. */
  get capacityBytes(): number {
    const all = [...this.#pages, ...this.#spares]
    return all.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** Room behind the last record, for one with a larger number. Returns its index. */
  append(number: number, atMs: number, length: number): number {
    const frameBytes = FRAME_HEADER_BYTES + length
    if (this.#pages.length === 0 || this.#endByte + frameBytes > this.#pages.at(-1)!.bytes.length) {
      this.#pages.push(this.#takePage(frameBytes))
      this.#endByte = 0
    }
    const rows = this.#rows
    const row = rows.append()
    rows.numbers[row] = number
    rows.atMs[row] = atMs
    rows.pages[row] = this.#firstPage + this.#pages.length - 1
    rows.byteAts[row] = this.#endByte + FRAME_HEADER_BYTES
    rows.lengths[row] = length
    this.#endByte += aligned(frameBytes)
    this.#bytes += length
    return row - rows.first
  }

  numberOf(index: number): number {
    return this.#rows.numbers[this.#rows.first + index]
  }

  atMsOf(index: number): number {
    return this.#rows.atMs[this.#rows.first + index]
  }

  lengthOf(index: number): number {
    return this.#rows.lengths[this.#rows.first + index]
  }

  byteAtOf(index: number): number {
    return this.#rows.byteAts[this.#rows.first + index]
  }

  memoryOf(index: number): RecordMemory {
    return this.#pages[this.#rows.pages[this.#rows.first + index] - this.#firstPage]
  }

  /** A view: good until the record is dropped. */
  bytesOf(index: number): Uint8Array {
    const byteAt = this.byteAtOf(index)
    return this.memoryOf(index).bytes.subarray(byteAt, byteAt + this.lengthOf(index))
  }

  /** The same with the header of its frame before it. */
  frameOf(index: number): Uint8Array {
    const byteAt = this.byteAtOf(index)
    const start = byteAt - FRAME_HEADER_BYTES
    return this.memoryOf(index).bytes.subarray(start, byteAt + this.lengthOf(index))
  }

  show(record: JournalRecord, index: number): void {
    record.lookAt(this.memoryOf(index), this.byteAtOf(index))
  }

  /** Index of the record with this number; -1: it is not here. */
  find(number: number): number {
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const found = this.numberOf(middle)
      if (found === number) return middle
      if (found < number) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  dropFirst(): void {
    const rows = this.#rows
    this.#bytes -= rows.lengths[rows.first++]
    const endPage = this.#firstPage + this.#pages.length
    const firstPage = this.count === 0 ? endPage : rows.pages[rows.first]
    for (; this.#firstPage < firstPage; this.#firstPage++) this.#keepSpare(this.#pages.shift()!)
  }

  dropLast(): void {
    const rows = this.#rows
    const row = --rows.end
    this.#bytes -= rows.lengths[row]
    this.#endByte = rows.byteAts[row] - FRAME_HEADER_BYTES
    if (this.#endByte > 0) return
    this.#keepSpare(this.#pages.pop()!)
    // Whatever room the page before it had was too little for the record that went.
    this.#endByte = this.#pages.at(-1)?.bytes.length ?? 0
  }

  /** Larger than others where the record is. */
  #takePage(bytes: number): RecordMemory {
    const spare = bytes <= PAGE_BYTES ? this.#spares.pop() : undefined
    return spare ?? recordMemory(new ArrayBuffer(Math.max(PAGE_BYTES, aligned(bytes))))
  }

  #keepSpare(page: RecordMemory): void {
    const isStandard = page.bytes.length === PAGE_BYTES
    if (isStandard && this.#spares.length < SPARE_PAGES_MAX) this.#spares.push(page)
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNED_BYTES) * ALIGNED_BYTES
}
