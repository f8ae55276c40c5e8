/**
 * Journal records that are still on disk, and their folding: a record that is old, or too much for
 * memory, gives its live messages keys of their own in LevelDB and goes. A device's state is
 * written once for all records that name it, because what is written is its newest state.
 *
 *   stage ─► the journal's write ─► settle, or unstage where it failed
 *   begin ─► LevelDB's write     ─► finish, or abandon where it failed
 *
 * Both may run at once.
 */
import { grown, NO_ROW } from './device-rows.ts'
import type { InboxTables } from './inbox-tables.ts'
import { JournalPages } from './journal-pages.ts'
import { JournalRecord } from './journal-record.ts'
import { deviceKey, FOLDED_KEY, messageKey, namedKey, numberValue } from './level-keys.ts'
import { numberOfPlace, PLACE, type Places, placeOf } from './message-places.ts'
import { UnreadNames } from './unread-names.ts'
import type { WriteBatch } from './write-batch.ts'

/** Less would give keys to messages that are acked a moment later. */
const RETAINED_BYTES_MAX = 4 << 20
/** Bounds what one turn of the loop does: a millisecond or so. */
const FOLDED_ROWS_MAX = 2_048
/** Keys that go wait for the next fold; more than so many make one due. */
const DISCARDED_MAX = 1_000

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
  /** What that write gives keys to: index of a record, put, … */
  #spilling: number[] = []
  readonly #unread = new UnreadNames()
  /** Keys of messages that went after they were folded. */
  #discarded: Uint8Array[] = []
  #discardingCount = 0

  constructor(tables: InboxTables, places: Places, foldAfterMs: number) {
    this.#foldAfterMs = foldAfterMs
    this.#tables = tables
    this.#places = places
  }

  /** Of the records in memory. */
  get bytes(): number {
    return this.#kept.bytes
  }

  /** One that was read from the disk. Shown until the next call, for its rows to be set. */
  load(number: number, bytes: Uint8Array): JournalRecord {
    const kept = this.#kept
    const index = kept.append(number, 0, bytes.length)
    kept.memoryOf(index).bytes.set(bytes, kept.byteAtOf(index))
    kept.show(this.#record, index)
    return this.#record
  }

  /** The batch as a record; returns its frame, to be written under this number. */
  stage(number: number, batch: WriteBatch, nowMs: number): Uint8Array {
    const kept = this.#kept
    const index = kept.append(number, nowMs, JournalRecord.lengthOf(batch))
    JournalRecord.write(batch, kept.memoryOf(index), kept.byteAtOf(index))
    this.#isStaged = true
    return kept.frameOf(index)
  }

  /** It is on disk. */
  settle(batch: WriteBatch): void {
    this.#isStaged = false
    const index = this.#kept.count - 1
    const number = this.#kept.numberOf(index)
    const place = placeOf(number)
    for (let put = 0; put < batch.putCount; put++) this.#places.set(batch.putRows[put], place, put)
    this.#unread.note(batch.records, number)
  }

  /** It could not be written: all is as before. */
  unstage(): void {
    this.#isStaged = false
    this.#kept.dropLast()
  }

  /** A key that goes with the next fold. */
  discard(key: Uint8Array): void {
    this.#discarded.push(key)
  }

  isDue(nowMs: number): boolean {
    if (this.#discarded.length > DISCARDED_MAX) return true
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

  /** Of a name in the journal, a copy. null: it is removed; undefined: LevelDB has its value. */
  namedValue(name: string): Uint8Array | null | undefined {
    const number = this.#unread.numberOf(name)
    if (number === 0) return undefined
    this.#kept.show(this.#record, this.#kept.find(number))
    const wanted = Buffer.from(name)
    let newest: Uint8Array | null = null
    this.#record.eachNamed((each, value) => {
      if (wanted.equals(each)) newest = value && value.slice()
    })
    return newest
  }

  /**
   * Adds what is due to a write. `coveredBy`: the newest record whose changes the tables have, and
   * have in full.
   */
  begin(writes: KeyWrites, coveredBy: number, nowMs: number): void {
    const kept = this.#kept
    let rows = 0
    let retained = kept.bytes
    for (let index = 0; index < this.#settledCount; index++) {
      const isDue = this.#isDue(index, retained, nowMs)
      if (!isDue || rows >= FOLDED_ROWS_MAX) break
      kept.show(this.#record, index)
      rows += this.#foldShown(index, writes, coveredBy)
      this.#foldingCount++
      retained -= kept.lengthOf(index)
    }
    this.#discardingCount = Math.min(this.#discarded.length, FOLDED_ROWS_MAX)
    for (let at = 0; at < this.#discardingCount; at++) writes.del(this.#discarded[at])
    if (this.#foldingCount === 0) return
    writes.put(FOLDED_KEY, numberValue(kept.numberOf(this.#foldingCount - 1) + 1))
  }

  /** The write that begin() was part of is done. Returns the number of the last folded record. */
  finish(): number {
    const kept = this.#kept
    this.#discarded.splice(0, this.#discardingCount)
    this.#discardingCount = 0
    for (let at = 0; at < this.#spilling.length; at += 2) {
      this.#placeSpilled(this.#spilling[at], this.#spilling[at + 1])
    }
    this.#spilling = []
    const last = this.#foldingCount === 0 ? 0 : kept.numberOf(this.#foldingCount - 1)
    for (; this.#foldingCount > 0; this.#foldingCount--) kept.dropFirst()
    this.#unread.forget(last)
    return last
  }

  /** It failed: all is as before, and no state is known to be written. */
  abandon(): void {
    this.#foldingCount = 0
    this.#discardingCount = 0
    this.#spilling = []
    this.#covered.fill(0)
  }

  get #settledCount(): number {
    return this.#kept.count - (this.#isStaged ? 1 : 0)
  }

  #isDue(index: number, retainedBytes: number, nowMs: number): boolean {
    const isOld = nowMs - this.#kept.atMsOf(index) > this.#foldAfterMs
    return isOld || retainedBytes > RETAINED_BYTES_MAX
  }

  /** Returns how many rows the record has. */
  #foldShown(index: number, writes: KeyWrites, coveredBy: number): number {
    const record = this.#record
    const number = this.#kept.numberOf(index)
    for (let put = 0; put < record.putCount; put++) {
      if (this.#isLive(number, put)) {
        writes.put(this.#keyOf(put), record.payloadOf(put))
        this.#spilling.push(index, put)
      }
      this.#writeState(record.putDevice(put), number, writes, coveredBy)
    }
    for (let at = 0; at < record.advanceCount; at++) {
      this.#writeState(record.advanceDevice(at), number, writes, coveredBy)
    }
    return record.putCount + record.advanceCount + writeNamed(record, writes)
  }

  /** Its message has a key now, unless it went while that was written. */
  #placeSpilled(index: number, put: number): void {
    this.#kept.show(this.#record, index)
    if (this.#isLive(this.#kept.numberOf(index), put)) {
      this.#places.set(this.#record.putRow(put), PLACE.SPILLED, 0)
    } else this.discard(this.#keyOf(put))
  }

  /** Is that put of the record that is shown still where a message is? */
  #isLive(number: number, put: number): boolean {
    const row = this.#record.putRow(put)
    if (row === NO_ROW || this.#places.numberOf(row) !== placeOf(number)) return false
    return this.#places.putOf(row) === put
  }

  /** Of the message of a put of the record that is shown. */
  #keyOf(put: number): Uint8Array {
    const record = this.#record
    return messageKey(
      record.putHigh(put),
      record.putLow(put),
      record.putSeq(put),
      record.putExpiresAtS(put),
      record.payloadBytes(put),
    )
  }

  #writeState(device: number, number: number, writes: KeyWrites, coveredBy: number): void {
    if (device >= this.#covered.length) {
      const rows = Math.max(this.#covered.length * 2, device + 1)
      this.#covered = grown(this.#covered, rows)
    }
    if (this.#covered[device] >= number) return
    this.#covered[device] = coveredBy
    const { highs, lows } = this.#tables.devices
    const value = numberValue(this.#tables.firstSeqOf(device))
    writes.put(deviceKey(highs[device], lows[device]), value)
  }
}

/** Adds the named values of a record to a write of LevelDB; returns how many it has. */
export function writeNamed(record: JournalRecord, writes: KeyWrites): number {
  let count = 0
  record.eachNamed((name, value) => {
    count++
    if (value === null) writes.del(namedKey(name))
    else writes.put(namedKey(name), value)
  })
  return count
}
