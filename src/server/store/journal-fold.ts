/**
 * Journal records that are still on disk, and their folding: a record that is old, or too much for
 * memory, gives its live messages keys of their own and goes. A device's state is written once for
 * all records that name it, because what is written is its newest state.
 *
 *   stage ─► begin ─► the write ─► finish, or abandon where it failed
 */
import { grown, NO_ROW } from './device-rows.ts'
import type { InboxTables } from './inbox-tables.ts'
import { JournalPages } from './journal-pages.ts'
import { JournalRecord } from './journal-record.ts'
import { deviceKey, journalKey, messageKey } from './level-keys.ts'
import { numberOfPlace, PLACE, type Places, placeOf } from './message-places.ts'
import type { WriteBatch } from './write-batch.ts'

/** More live records make LevelDB rewrite more whenever it compacts, while writes wait for it. */
const RETAINED_BYTES_MAX = 4 << 20
/** Bounds what one write does beside its own batch. */
const FOLDED_ROWS_MAX = 4_096

export interface KeyWrites {
  put(key: Uint8Array, value: Uint8Array): unknown
  del(key: Uint8Array): unknown
}

export class JournalFold {
  readonly #tables: InboxTables
  readonly #places: Places
  readonly #foldAfterMs: number
  readonly #kept = new JournalPages()
  /** Shows the record that is looked at. */
  readonly #record = new JournalRecord()
  /** By device row: records up to this number need not write its state. */
  #covered = new Float64Array(1024)
  /** The newest record is part of the write that runs. */
  #isStaged = false
  /** So many of the oldest are folded by the write that runs. */
  #foldingCount = 0

  constructor(tables: InboxTables, places: Places, foldAfterMs: number) {
    this.#foldAfterMs = foldAfterMs
    this.#tables = tables
    this.#places = places
  }

  /** One that was read from the disk. Shown until the next call, for its rows to be set. */
  load(number: number, bytes: Uint8Array): JournalRecord {
    const kept = this.#kept
    const index = kept.append(number, 0, bytes.length)
    kept.memoryOf(index).bytes.set(bytes, kept.byteAtOf(index))
    kept.show(this.#record, index)
    return this.#record
  }

  /** The batch as a record; returns its bytes, to be written under this number. */
  stage(number: number, batch: WriteBatch, nowMs: number): Uint8Array {
    const kept = this.#kept
    const index = kept.append(number, nowMs, JournalRecord.lengthOf(batch))
    JournalRecord.write(batch, kept.memoryOf(index), kept.byteAtOf(index))
    this.#isStaged = true
    return kept.bytesOf(index)
  }

  isDue(nowMs: number): boolean {
    return this.#settledCount > 0 && this.#isDue(0, this.#kept.bytes, nowMs)
  }

  /** Of a message in the journal. A copy: records move on in memory. null: it has gone. */
  payloadOf(row: number): Uint8Array | null {
    const kept = this.#kept
    if (kept.count === 0) return null
    const number = numberOfPlace(this.#places.numberOf(row), kept.numberOf(0))
    const index = kept.find(number)
    if (index < 0) return null
    kept.show(this.#record, index)
    return this.#record.payloadOf(this.#places.putOf(row)).slice()
  }

  /** Adds what is due to a write; `coveredBy` is the number that the write itself has. */
  begin(writes: KeyWrites, coveredBy: number, nowMs: number): void {
    const kept = this.#kept
    let rows = 0
    let retained = kept.bytes
    for (let index = 0; index < this.#settledCount; index++) {
      const isDue = this.#isDue(index, retained, nowMs)
      if (!isDue || (rows > 0 && rows >= FOLDED_ROWS_MAX)) return
      kept.show(this.#record, index)
      this.#foldShown(kept.numberOf(index), writes, coveredBy)
      this.#foldingCount++
      retained -= kept.lengthOf(index)
      rows += this.#record.putCount + this.#record.advanceCount
    }
  }

  /** The write that begin() was part of is done. */
  finish(): void {
    const kept = this.#kept
    const record = this.#record
    for (; this.#foldingCount > 0; this.#foldingCount--) {
      const number = kept.numberOf(0)
      kept.show(record, 0)
      for (let put = 0; put < record.putCount; put++) {
        if (this.#isLive(number, put)) this.#places.set(record.putRow(put), PLACE.SPILLED, 0)
      }
      kept.dropFirst()
    }
    if (!this.#isStaged) return
    this.#isStaged = false
    const place = placeOf(kept.numberOf(kept.count - 1))
    kept.show(record, kept.count - 1)
    for (let put = 0; put < record.putCount; put++) {
      this.#places.set(record.putRow(put), place, put)
    }
  }

  /** It failed: all is as before, and no state is known to be written. */
  abandon(): void {
    this.#foldingCount = 0
    if (this.#isStaged) this.#kept.dropLast()
    this.#isStaged = false
    this.#covered.fill(0)
  }

  get #settledCount(): number {
    return this.#kept.count - (this.#isStaged ? 1 : 0)
  }

  #isDue(index: number, retainedBytes: number, nowMs: number): boolean {
    const isOld = nowMs - this.#kept.atMsOf(index) > this.#foldAfterMs
    return isOld || retainedBytes > RETAINED_BYTES_MAX
  }

  #foldShown(number: number, writes: KeyWrites, coveredBy: number): void {
    const record = this.#record
    for (let put = 0; put < record.putCount; put++) {
      if (this.#isLive(number, put)) {
        const key = messageKey(
          record.putHigh(put),
          record.putLow(put),
          record.putSeq(put),
          record.putExpiresAtS(put),
          record.payloadBytes(put),
        )
        writes.put(key, record.payloadOf(put))
      }
      this.#writeState(record.putDevice(put), number, writes, coveredBy)
    }
    for (let at = 0; at < record.advanceCount; at++) {
      this.#writeState(record.advanceDevice(at), number, writes, coveredBy)
    }
    writes.del(journalKey(number))
  }

  /** Is that put of the record that is shown still where a message is? */
  #isLive(number: number, put: number): boolean {
    const row = this.#record.putRow(put)
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
