/**
 * What is written to the store in one go: all pushes, acks and removals of a loop turn as columns,
 * and the payloads one behind the other. The arrays are reused for a later batch once it is
 * written.
 *
 *   put │ message row, device row │ seq │ expires at s │ payload
 *     0 │ 5, 1                    │  43 │ 1_790_000_000│ payloads[0, 256)
 *     1 │ 6, 9                    │   1 │ 1_790_000_060│ payloads[256, 300)
 *
 *   advance │ device row │ first seq │ was its time over?      everything below is gone
 *   removal │ message row, device row      a message that went; the row is its own until then
 */
import type { DeviceRows } from './device-rows.ts'
import { grown } from './device-rows.ts'
import { sectionBytesOf } from './record-section.ts'

const ROWS_AT_START = 256
const PAYLOAD_BYTES_AT_START = 64 * 1024
/** Arrays larger than this are not kept for the next batch. */
const PAYLOAD_BYTES_KEPT = 8 << 20

/** A named value beside the inboxes: a broadcast, an idempotency key. */
export interface StoreRecord {
  readonly key: string
  /** null removes it. */
  readonly value: Uint8Array | null
}

export class WriteBatch {
  putCount = 0
  putRows = new Uint32Array(ROWS_AT_START)
  putDevices = new Uint32Array(ROWS_AT_START)
  putHighs = new Uint32Array(ROWS_AT_START)
  putLows = new Uint32Array(ROWS_AT_START)
  putSeqs = new Float64Array(ROWS_AT_START)
  putExpiresAtS = new Uint32Array(ROWS_AT_START)
  payloadEnds = new Uint32Array(ROWS_AT_START)
  /** How it is to be handed over; not stored. */
  putModes = new Uint8Array(ROWS_AT_START)
  payloads = new Uint8Array(PAYLOAD_BYTES_AT_START)
  payloadBytes = 0

  advanceCount = 0
  advanceDevices = new Uint32Array(ROWS_AT_START)
  advanceHighs = new Uint32Array(ROWS_AT_START)
  advanceLows = new Uint32Array(ROWS_AT_START)
  advanceSeqs = new Float64Array(ROWS_AT_START)
  /** 1: expired, not acked or trimmed. */
  advanceExpired = new Uint8Array(ROWS_AT_START)

  removalCount = 0
  removedRows = new Uint32Array(ROWS_AT_START)
  removedDevices = new Uint32Array(ROWS_AT_START)

  records: StoreRecord[] = []
  /** Of their values. */
  recordBytes = 0
  /** Of all of them in a journal record. */
  sectionBytes = 0

  get isEmpty(): boolean {
    const rows = this.putCount + this.advanceCount + this.removalCount
    return rows === 0 && this.records.length === 0
  }

  addPut(
    row: number,
    device: number,
    devices: DeviceRows,
    seq: number,
    expiresAtS: number,
    mode: number,
    payload: Uint8Array,
  ): void {
    const at = this.putCount++
    if (at === this.putRows.length) this.#growPuts()
    this.#makeRoom(payload.length)
    this.payloads.set(payload, this.payloadBytes)
    this.payloadBytes += payload.length
    this.putRows[at] = row
    this.putDevices[at] = device
    this.putHighs[at] = devices.highs[device]
    this.putLows[at] = devices.lows[device]
    this.putSeqs[at] = seq
    this.putExpiresAtS[at] = expiresAtS
    this.putModes[at] = mode
    this.payloadEnds[at] = this.payloadBytes
  }

  payloadStart(put: number): number {
    return put === 0 ? 0 : this.payloadEnds[put - 1]
  }

  addAdvance(device: number, devices: DeviceRows, firstSeq: number, isExpired = false): void {
    // An ack often follows an ack of the same device: one entry says it all.
    const last = this.advanceCount - 1
    const expired = isExpired ? 1 : 0
    if (
      last >= 0 &&
      this.advanceDevices[last] === device &&
      this.advanceExpired[last] === expired
    ) {
      this.advanceSeqs[last] = firstSeq
      return
    }
    const at = this.advanceCount++
    if (at === this.advanceDevices.length) this.#growAdvances()
    this.advanceDevices[at] = device
    this.advanceHighs[at] = devices.highs[device]
    this.advanceLows[at] = devices.lows[device]
    this.advanceSeqs[at] = firstSeq
    this.advanceExpired[at] = expired
  }

  addRemoval(row: number, device: number): void {
    const at = this.removalCount++
    if (at === this.removedRows.length) this.#growRemovals()
    this.removedRows[at] = row
    this.removedDevices[at] = device
  }

  addRecord(record: StoreRecord): void {
    this.records.push(record)
    this.recordBytes += record.value?.length ?? 0
    this.sectionBytes += sectionBytesOf(record)
  }

  clear(): void {
    this.putCount = 0
    this.advanceCount = 0
    this.removalCount = 0
    this.payloadBytes = 0
    this.records = []
    this.recordBytes = 0
    this.sectionBytes = 0
    if (this.payloads.length > PAYLOAD_BYTES_KEPT) {
      this.payloads = new Uint8Array(PAYLOAD_BYTES_AT_START)
    }
  }

  #makeRoom(bytes: number): void {
    if (this.payloadBytes + bytes <= this.payloads.length) return
    this.payloads = grown(
      this.payloads,
      Math.max(this.payloads.length * 2, this.payloadBytes + bytes),
    )
  }

  #growPuts(): void {
    const rows = this.putRows.length * 2
    this.putRows = grown(this.putRows, rows)
    this.putDevices = grown(this.putDevices, rows)
    this.putHighs = grown(this.putHighs, rows)
    this.putLows = grown(this.putLows, rows)
    this.putSeqs = grown(this.putSeqs, rows)
    this.putExpiresAtS = grown(this.putExpiresAtS, rows)
    this.payloadEnds = grown(this.payloadEnds, rows)
    this.putModes = grown(this.putModes, rows)
  }

  #growAdvances(): void {
    const rows = this.advanceDevices.length * 2
    this.advanceDevices = grown(this.advanceDevices, rows)
    this.advanceHighs = grown(this.advanceHighs, rows)
    this.advanceLows = grown(this.advanceLows, rows)
    this.advanceSeqs = grown(this.advanceSeqs, rows)
    this.advanceExpired = grown(this.advanceExpired, rows)
  }

  #growRemovals(): void {
    const rows = this.removedRows.length * 2
    this.removedRows = grown(this.removedRows, rows)
    this.removedDevices = grown(this.removedDevices, rows)
  }
}
