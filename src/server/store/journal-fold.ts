/**
 * Journal records that are still on disk, oldest first, and their folding: a record that is old, or
 * too much for memory, gives its live messages keys of their own and goes. A
 * device's state is written once for all records that name it, because what is written is its
 * newest state.
 */
import { grown, NO_ROW } from './device-rows.ts'
import type { InboxTables } from './inbox-tables.ts'
import type { JournalRecord } from './journal-record.ts'
import { deviceKey, journalKey, messageKey } from './level-keys.ts'
import { PLACE, type Places, placeOf } from './message-places.ts'

const RETAINED_BYTES_MAX = 32 << 20
/** Bounds what one write does beside its own batch. */
const FOLDED_ROWS_MAX = 4_096

interface Kept {
  readonly number: number
  readonly record: JournalRecord
  readonly atMs: number
}

export interface KeyWrites {
  put(key: Uint8Array, value: Uint8Array): unknown
  del(key: Uint8Array): unknown
}

export class JournalFold {
  readonly #tables: InboxTables
  readonly #places: Places
  readonly #foldAfterMs: number
  /** By place, oldest first. */
  readonly #kept = new Map<number, Kept>()
  /** By device row: records up to this number need not write its state. */
  #covered = new Float64Array(1024)
  #retainedBytes = 0
  /** Being folded by the write that runs. */
  #folding: Kept[] = []

  constructor(tables: InboxTables, places: Places, foldAfterMs: number) {
    this.#foldAfterMs = foldAfterMs
    this.#tables = tables
    this.#places = places
  }

  add(number: number, record: JournalRecord, atMs: number): void {
    this.#kept.set(placeOf(number), { number, record, atMs })
    this.#retainedBytes += record.bytes.length
  }

  isDue(nowMs: number): boolean {
    const [oldest] = this.#kept.values()
    if (oldest === undefined) return false
    return this.#retainedBytes > RETAINED_BYTES_MAX || nowMs - oldest.atMs > this.#foldAfterMs
  }

  payloadOf(row: number): Uint8Array | null {
    const kept = this.#kept.get(this.#places.numberOf(row))
    return kept === undefined ? null : kept.record.payloadOf(this.#places.putOf(row))
  }

  /** Adds what is due to a write; `coveredBy` is the number that the write itself has. */
  begin(writes: KeyWrites, coveredBy: number, nowMs: number): void {
    let rows = 0
    let retained = this.#retainedBytes
    for (const kept of this.#kept.values()) {
      const isDue = retained > RETAINED_BYTES_MAX || nowMs - kept.atMs > this.#foldAfterMs
      if (!isDue || (rows > 0 && rows >= FOLDED_ROWS_MAX)) return
      this.#foldOne(kept, writes, coveredBy)
      this.#folding.push(kept)
      retained -= kept.record.bytes.length
      rows += kept.record.putCount + kept.record.advanceCount
    }
  }

  /** The write that begin() was part of is done. */
  finish(): void {
    for (const kept of this.#folding) {
      for (let put = 0; put < kept.record.putCount; put++) {
        if (this.#isLive(kept, put)) this.#places.set(kept.record.putRows[put], PLACE.SPILLED, 0)
      }
      this.#kept.delete(placeOf(kept.number))
      this.#retainedBytes -= kept.record.bytes.length
    }
    this.#folding = []
  }

  /** It failed: all is as before, and no state is known to be written. */
  abandon(): void {
    this.#folding = []
    this.#covered.fill(0)
  }

  #foldOne(kept: Kept, writes: KeyWrites, coveredBy: number): void {
    const { record, number } = kept
    for (let put = 0; put < record.putCount; put++) {
      if (this.#isLive(kept, put)) {
        const { putHighs, putLows, putSeqs, putExpiresAtS } = record
        const payload = record.payloadOf(put)
        const key = messageKey(
          putHighs[put],
          putLows[put],
          putSeqs[put],
          putExpiresAtS[put],
          payload.length,
        )
        writes.put(key, payload)
      }
      this.#writeState(record.putDevices[put], number, writes, coveredBy)
    }
    for (let at = 0; at < record.advanceCount; at++) {
      this.#writeState(record.advanceDevices[at], number, writes, coveredBy)
    }
    writes.del(journalKey(number))
  }

  #isLive({ record, number }: Kept, put: number): boolean {
    const row = record.putRows[put]
    if (row === NO_ROW || this.#places.numberOf(row) !== placeOf(number)) return false
    return this.#places.putOf(row) === put
  }

  #writeState(device: number, number: number, writes: KeyWrites, coveredBy: number): void {
    if (device >= this.#covered.length) {
      const rows = Math.max(this.#covered.length * 2, device + 1)
      this.#covered = grown(this.#covered, rows)
    }
    if (this.#covered[device] >= number) return
    this.#covered[device] = coveredBy
    const { highs, lows } = this.#tables.devices
    const value = new Uint8Array(8)
    new DataView(value.buffer).setFloat64(0, this.#tables.firstSeqOf(device))
    writes.put(deviceKey(highs[device], lows[device]), value)
  }
}
