/**
 * One batch as the journal keeps it: its columns as they are, then the payloads. Written by copying
 * arrays and read by laying views over the bytes, so a batch of a thousand pushes costs no more
 * calls than one of ten. Numbers are little-endian, as on every platform that Node runs on.
 *
 *   u32 × 8   version, puts, advances, payload bytes, 0 …
 *   f64       put seqs, advance seqs
 *   u32       put hash highs, lows, expires at s, payload ends, advance hash highs, lows
 *   u32       put message rows, put device rows, advance device rows   of this process, not of disk
 *   u8        payloads
 *
 * 32 bytes a put, 20 an advance.
 */
import type { WriteBatch } from './write-batch.ts'

const VERSION = 1
const HEADER_BYTES = 32
const PUT_BYTES = 8 + 6 * 4
const ADVANCE_BYTES = 8 + 3 * 4

export class JournalRecord {
  readonly bytes: Uint8Array
  readonly putCount: number
  readonly advanceCount: number
  readonly putSeqs: Float64Array
  readonly advanceSeqs: Float64Array
  readonly putHighs: Uint32Array
  readonly putLows: Uint32Array
  readonly putExpiresAtS: Uint32Array
  readonly payloadEnds: Uint32Array
  readonly advanceHighs: Uint32Array
  readonly advanceLows: Uint32Array
  readonly putRows: Uint32Array
  readonly putDevices: Uint32Array
  readonly advanceDevices: Uint32Array
  readonly payloads: Uint8Array

  /** Views over bytes that isWhole(); they must start at a multiple of eight. */
  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset } = bytes
    const [, puts, advances, payloadBytes] = new Uint32Array(buffer, byteOffset, 4)
    let at = byteOffset + HEADER_BYTES
    const take = <View>(
      Kind: new (buffer: ArrayBufferLike, at: number, count: number) => View,
      count: number,
      size: number,
    ): View => {
      const view = new Kind(buffer, at, count)
      at += count * size
      return view
    }
    this.bytes = bytes
    this.putCount = puts
    this.advanceCount = advances
    this.putSeqs = take(Float64Array, puts, 8)
    this.advanceSeqs = take(Float64Array, advances, 8)
    this.putHighs = take(Uint32Array, puts, 4)
    this.putLows = take(Uint32Array, puts, 4)
    this.putExpiresAtS = take(Uint32Array, puts, 4)
    this.payloadEnds = take(Uint32Array, puts, 4)
    this.advanceHighs = take(Uint32Array, advances, 4)
    this.advanceLows = take(Uint32Array, advances, 4)
    this.putRows = take(Uint32Array, puts, 4)
    this.putDevices = take(Uint32Array, puts, 4)
    this.advanceDevices = take(Uint32Array, advances, 4)
    this.payloads = take(Uint8Array, payloadBytes, 1)
  }

  static fromBatch(batch: WriteBatch): JournalRecord {
    const { putCount: puts, advanceCount: advances, payloadBytes } = batch
    const length = HEADER_BYTES + puts * PUT_BYTES + advances * ADVANCE_BYTES + payloadBytes
    const bytes = new Uint8Array(length)
    new Uint32Array(bytes.buffer, 0, 4).set([VERSION, puts, advances, payloadBytes])
    const record = new JournalRecord(bytes)
    record.putSeqs.set(batch.putSeqs.subarray(0, puts))
    record.advanceSeqs.set(batch.advanceSeqs.subarray(0, advances))
    record.putHighs.set(batch.putHighs.subarray(0, puts))
    record.putLows.set(batch.putLows.subarray(0, puts))
    record.putExpiresAtS.set(batch.putExpiresAtS.subarray(0, puts))
    record.payloadEnds.set(batch.payloadEnds.subarray(0, puts))
    record.advanceHighs.set(batch.advanceHighs.subarray(0, advances))
    record.advanceLows.set(batch.advanceLows.subarray(0, advances))
    record.putRows.set(batch.putRows.subarray(0, puts))
    record.putDevices.set(batch.putDevices.subarray(0, puts))
    record.advanceDevices.set(batch.advanceDevices.subarray(0, advances))
    record.payloads.set(batch.payloads.subarray(0, payloadBytes))
    return record
  }

  payloadOf(put: number): Uint8Array {
    const start = put === 0 ? 0 : this.payloadEnds[put - 1]
    return this.payloads.subarray(start, this.payloadEnds[put])
  }

  /** Is that a record of this version, in full? */
  static isWhole(bytes: Uint8Array): boolean {
    if (bytes.length < HEADER_BYTES || bytes.byteOffset % 8 !== 0) return false
    const header = new Uint32Array(bytes.buffer, bytes.byteOffset, 4)
    const [version, puts, advances, payloadBytes] = header
    const length = HEADER_BYTES + puts * PUT_BYTES + advances * ADVANCE_BYTES + payloadBytes
    return version === VERSION && bytes.length === length
  }
}
