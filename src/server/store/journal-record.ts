/**
 * One batch as the journal keeps it: its columns as they are, then the payloads. Written by copying
 * arrays into a page of memory (journal-pages.ts) and read where it lies, so a batch of a thousand
 * pushes costs no more calls than one of ten. Numbers are little-endian, as on every platform that
 * Node runs on.
 *
 *   u32 × 8   version, puts, advances, payload bytes, section bytes, 0 …
 *   f64       put seqs, advance seqs
 *   u32       put hash highs, lows, expires at s, payload ends, advance hash highs, lows
 *   u32       put message rows, put device rows, advance device rows   of this process, not of disk
 *   u8        payloads
 *   u8        named values (record-section.ts)
 *
 * 32 bytes a put, 20 an advance. One JournalRecord looks at many records, one after the other:
 * thousands are kept for seconds, and an object of each would be the collector's.
 */
import { isWholeSection, type OnNamed, readSection, writeSection } from './record-section.ts'
import type { WriteBatch } from './write-batch.ts'

const VERSION = 2
const HEADER_BYTES = 32
const PUT_BYTES = 8 + 6 * 4
const ADVANCE_BYTES = 8 + 3 * 4
const NO_BYTES = new ArrayBuffer(0)

/** The same memory as bytes, words and doubles. */
export interface RecordMemory {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly doubles: Float64Array
}

/** `bytes`: a multiple of eight. */
export function recordMemory(buffer: ArrayBuffer): RecordMemory {
  return {
    bytes: new Uint8Array(buffer),
    words: new Uint32Array(buffer),
    doubles: new Float64Array(buffer),
  }
}

export class JournalRecord {
  #memory = recordMemory(NO_BYTES)
  #puts = 0
  #advances = 0
  /** Index of the first column, in doubles and in words. */
  #doubleAt = 0
  #wordAt = 0
  #payloadAt = 0
  #sectionAt = 0
  #sectionBytes = 0

  get putCount(): number {
    return this.#puts
  }

  get advanceCount(): number {
    return this.#advances
  }

  /** At a record that isWhole(), at a multiple of eight. */
  lookAt(memory: RecordMemory, byteAt: number): void {
    const headerAt = byteAt / 4
    const puts = memory.words[headerAt + 1]
    const advances = memory.words[headerAt + 2]
    this.#memory = memory
    this.#puts = puts
    this.#advances = advances
    this.#doubleAt = (byteAt + HEADER_BYTES) / 8
    this.#wordAt = 2 * (this.#doubleAt + puts + advances)
    this.#payloadAt = byteAt + HEADER_BYTES + puts * PUT_BYTES + advances * ADVANCE_BYTES
    this.#sectionAt = this.#payloadAt + memory.words[headerAt + 3]
    this.#sectionBytes = memory.words[headerAt + 4]
  }

  putSeq(put: number): number {
    return this.#memory.doubles[this.#doubleAt + put]
  }

  advanceSeq(at: number): number {
    return this.#memory.doubles[this.#doubleAt + this.#puts + at]
  }

  putHigh(put: number): number {
    return this.#memory.words[this.#wordAt + put]
  }

  putLow(put: number): number {
    return this.#memory.words[this.#wordAt + this.#puts + put]
  }

  putExpiresAtS(put: number): number {
    return this.#memory.words[this.#wordAt + 2 * this.#puts + put]
  }

  advanceHigh(at: number): number {
    return this.#memory.words[this.#wordAt + 4 * this.#puts + at]
  }

  advanceLow(at: number): number {
    return this.#memory.words[this.#wordAt + 4 * this.#puts + this.#advances + at]
  }

  putRow(put: number): number {
    return this.#memory.words[this.#rowsAt + put]
  }

  putDevice(put: number): number {
    return this.#memory.words[this.#rowsAt + this.#puts + put]
  }

  advanceDevice(at: number): number {
    return this.#memory.words[this.#rowsAt + 2 * this.#puts + at]
  }

  /** Rows belong to a process: whoever loads a record gives it those of this one. */
  setPut(put: number, row: number, device: number): void {
    this.#memory.words[this.#rowsAt + put] = row
    this.#memory.words[this.#rowsAt + this.#puts + put] = device
  }

  setAdvance(at: number, device: number): void {
    this.#memory.words[this.#rowsAt + 2 * this.#puts + at] = device
  }

  /** A view: good for as long as the memory has the record. */
  payloadOf(put: number): Uint8Array {
    const end = this.#payloadAt + this.#payloadEnd(put)
    const start = this.#payloadAt + (put === 0 ? 0 : this.#payloadEnd(put - 1))
    return this.#memory.bytes.subarray(start, end)
  }

  payloadBytes(put: number): number {
    return this.#payloadEnd(put) - (put === 0 ? 0 : this.#payloadEnd(put - 1))
  }

  eachNamed(onNamed: OnNamed): void {
    if (this.#sectionBytes === 0) return
    const end = this.#sectionAt + this.#sectionBytes
    readSection(this.#memory.bytes.subarray(this.#sectionAt, end), onNamed)
  }

  static lengthOf({ putCount, advanceCount, payloadBytes, sectionBytes }: WriteBatch): number {
    const columnBytes = putCount * PUT_BYTES + advanceCount * ADVANCE_BYTES
    return HEADER_BYTES + columnBytes + payloadBytes + sectionBytes
  }

  /** Into memory that has room for it, at a multiple of eight. */
  static write(batch: WriteBatch, { bytes, words, doubles }: RecordMemory, byteAt: number): void {
    const { putCount: puts, advanceCount: advances, payloadBytes, sectionBytes } = batch
    const headerAt = byteAt / 4
    words.fill(0, headerAt, headerAt + HEADER_BYTES / 4)
    words[headerAt] = VERSION
    words[headerAt + 1] = puts
    words[headerAt + 2] = advances
    words[headerAt + 3] = payloadBytes
    words[headerAt + 4] = sectionBytes
    let doubleAt = (byteAt + HEADER_BYTES) / 8
    doubles.set(batch.putSeqs.subarray(0, puts), doubleAt)
    doubleAt += puts
    doubles.set(batch.advanceSeqs.subarray(0, advances), doubleAt)
    doubleAt += advances
    let wordAt = 2 * doubleAt
    const add = (column: Uint32Array, count: number) => {
      words.set(column.subarray(0, count), wordAt)
      wordAt += count
    }
    add(batch.putHighs, puts)
    add(batch.putLows, puts)
    add(batch.putExpiresAtS, puts)
    add(batch.payloadEnds, puts)
    add(batch.advanceHighs, advances)
    add(batch.advanceLows, advances)
    add(batch.putRows, puts)
    add(batch.putDevices, puts)
    add(batch.advanceDevices, advances)
    bytes.set(batch.payloads.subarray(0, payloadBytes), 4 * wordAt)
    writeSection(batch.records, bytes, 4 * wordAt + payloadBytes)
  }

  /** Is that a record of this version, in full? */
  static isWhole(bytes: Uint8Array): boolean {
    if (bytes.length < HEADER_BYTES) return false
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const puts = view.getUint32(4, true)
    const advances = view.getUint32(8, true)
    const payloadBytes = view.getUint32(12, true)
    const sectionAt = HEADER_BYTES + puts * PUT_BYTES + advances * ADVANCE_BYTES + payloadBytes
    const length = sectionAt + view.getUint32(16, true)
    if (view.getUint32(0, true) !== VERSION || bytes.length !== length) return false
    const endsAt = HEADER_BYTES + 8 * (puts + advances) + 4 * (3 * puts)
    let end = 0
    for (let put = 0; put < puts; put++) {
      const next = view.getUint32(endsAt + 4 * put, true)
      if (next < end) return false
      end = next
    }
    return end === payloadBytes && isWholeSection(bytes.subarray(sectionAt))
  }

  /** Behind the columns of the disk. */
  get #rowsAt(): number {
    return this.#wordAt + 4 * this.#puts + 2 * this.#advances
  }

  #payloadEnd(put: number): number {
    return this.#memory.words[this.#wordAt + 3 * this.#puts + put]
  }
}
