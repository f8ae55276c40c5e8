/**
 * Stored pushes in a LevelDB folder (`--data-dir`). A batch is one journal record, made durable by
 * one write, so an accepted push costs a share of one fsync and no key of its own. Most pushes are
 * acked within seconds and die with their record. What is left when a record is old is folded: its
 * live messages get keys of their own, by device and number, and the record goes, in one atomic
 * write together with the next batch.
 *
 *   write n:  put j/n ── and, two seconds later, with write m:  put m/device/seq … ─ del j/n
 *
 * Costs: what is not acked in time is written twice, and records of the last seconds stay in memory
 * (4 MiB or so), from which they are also read.
 */
import type { ClassicLevel } from 'classic-level'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { NO_ROW } from './device-rows.ts'
import type { InboxTables } from './inbox-tables.ts'
import { JournalRecord } from './journal-record.ts'
import { JournalFold } from './journal-fold.ts'
import { closeLevel, type LevelFolder, openLevel, type View } from './level-folder.ts'
import { journalKey, KEY_TYPE, keysOf, messageKey, readU32, readU53 } from './level-keys.ts'
import { recordKey, recordName } from './level-keys.ts'
import { PLACE, Places, placeOf } from './message-places.ts'
import { type PushStore, UNREAD_RECORD_PREFIX } from './push-store.ts'
import type { WriteBatch } from './write-batch.ts'

/** Age at which a journal record is folded: most pushes are acked long before. */
const FOLD_AFTER_MS = 2_000
const REOPEN_AFTER_MS = 1_000
const SCAN_KEYS = 1_000
/** The first name behind those of UNREAD_RECORD_PREFIX. */
const BEHIND_UNREAD = 'p0'

export class LevelStore implements PushStore {
  readonly isDurable = true
  readonly hashKey: Uint32Array
  readonly #folder: LevelFolder
  readonly #places = new Places()
  readonly #foldAfterMs: number
  #fold: JournalFold | null = null
  #tables: InboxTables | null = null
  #nextNumber = 1
  /** A failed write may have reached the disk after all: the next one must replace its record. */
  #mustReplace = false
  #failure: PushctlError | null = null
  #reopenAtMs = 0

  private constructor(folder: LevelFolder, foldAfterMs: number) {
    this.#folder = folder
    this.#foldAfterMs = foldAfterMs
    this.hashKey = folder.hashKey
  }

  /**
   * Throws PUSHCTL_STORE_LOCKED or PUSHCTL_STORE_UNUSABLE. Holds the folder's lock until close().
   */
  static async open(path: string, foldAfterMs = FOLD_AFTER_MS): Promise<LevelStore> {
    return new LevelStore(await openLevel(path), foldAfterMs)
  }

  get wantsWrite(): boolean {
    return this.#fold !== null && this.#fold.isDue(performance.now())
  }

  async load(
    tables: InboxTables,
    onRecord: (key: string, value: Uint8Array) => void,
  ): Promise<void> {
    this.#tables = tables
    this.#fold = new JournalFold(tables, this.#places, this.#foldAfterMs)
    const firsts = await this.#loadDevices(tables)
    await this.#loadMessages(tables, firsts)
    await this.#loadJournal(tables, firsts)
    for (let device = 1; device < tables.devices.end; device++) {
      const first = firsts.get(device)
      const { nextSeqs } = tables.devices
      if (first !== undefined && nextSeqs[device] < first) nextSeqs[device] = first
    }
    const { gte, lt } = keysOf(KEY_TYPE.RECORD)
    const unread = recordKey(UNREAD_RECORD_PREFIX)
    await this.#loadRecords({ gte, lt: unread }, onRecord)
    await this.#loadRecords({ gte: recordKey(BEHIND_UNREAD), lt }, onRecord)
  }

  async write(batch: WriteBatch): Promise<void> {
    if (this.#failure !== null) await this.#reopen(this.#failure)
    const number = this.#nextNumber
    const hasJournal = batch.putCount > 0 || batch.advanceCount > 0 || this.#mustReplace
    const fold = this.#fold as JournalFold
    const nowMs = performance.now()
    try {
      const writes = this.#level.batch()
      if (hasJournal) writes.put(journalKey(number), fold.stage(number, batch, nowMs))
      this.#removeStored(batch, writes)
      for (const { key, value } of batch.records) {
        if (value === null) writes.del(recordKey(key))
        else writes.put(recordKey(key), value)
      }
      fold.begin(writes, hasJournal ? number : number - 1, nowMs)
      if (writes.length > 0) await writes.write({ sync: true })
      else await writes.close()
    } catch (cause) {
      fold.abandon()
      throw this.#failed(cause)
    }
    fold.finish()
    this.#mustReplace = false
    if (hasJournal) this.#nextNumber++
    for (let at = 0; at < batch.removalCount; at++) this.#places.clear(batch.removedRows[at])
  }

  async read(
    devices: Uint32Array,
    rows: Uint32Array,
    count: number,
  ): Promise<readonly (Uint8Array | null)[]> {
    const payloads: (Uint8Array | null)[] = []
    const spilled: number[] = []
    const keys: Uint8Array[] = []
    for (let at = 0; at < count; at++) {
      const place = this.#places.numberOf(rows[at])
      const isInJournal = place !== PLACE.NONE && place !== PLACE.SPILLED
      payloads.push(isInJournal ? (this.#fold?.payloadOf(rows[at]) ?? null) : null)
      if (place !== PLACE.SPILLED) continue
      spilled.push(at)
      keys.push(this.#keyOf(devices[at], rows[at]))
    }
    if (keys.length === 0) return payloads
    const found = await this.#level.getMany(keys).catch((cause: unknown) => {
      throw this.#failed(cause)
    })
    for (let i = 0; i < found.length; i++) payloads[spilled[i]] = found[i] ?? null
    return payloads
  }

  async readRecords(names: readonly string[]): Promise<readonly (Uint8Array | null)[]> {
    const found = await this.#level.getMany(names.map(recordKey)).catch((cause: unknown) => {
      throw this.#failed(cause)
    })
    return found.map((value) => value ?? null)
  }

  async close(): Promise<void> {
    await closeLevel(this.#level)
  }

  get #level(): ClassicLevel<View, View> {
    return this.#folder.level
  }

  #keyOf(device: number, row: number): Uint8Array {
    const { devices, messages } = this.#tables as InboxTables
    const { highs, lows } = devices
    const { seqs, expiresAtS, bytes } = messages
    return messageKey(highs[device], lows[device], seqs[row], expiresAtS[row], bytes[row])
  }

  /** Before records are folded, so that none writes a message that goes with this batch. */
  #removeStored(batch: WriteBatch, writes: { del(key: Uint8Array): unknown }): void {
    const { highs, lows } = (this.#tables as InboxTables).devices
    for (let at = 0; at < batch.removalCount; at++) {
      if (this.#places.numberOf(batch.removedRows[at]) !== PLACE.SPILLED) {
        this.#places.clear(batch.removedRows[at])
        continue
      }
      const device = batch.removedDevices[at]
      const { removedSeqs, removedExpiresAtS, removedBytes } = batch
      const expires = removedExpiresAtS[at]
      const bytes = removedBytes[at]
      writes.del(messageKey(highs[device], lows[device], removedSeqs[at], expires, bytes))
    }
  }

  async #loadRecords(
    range: { readonly gte: Uint8Array; readonly lt: Uint8Array },
    onRecord: (key: string, value: Uint8Array) => void,
  ): Promise<void> {
    const records = this.#level.iterator({ ...range, fillCache: false })
    for (;;) {
      const some = await records.nextv(SCAN_KEYS)
      if (some.length === 0) return records.close()
      for (const [key, value] of some) onRecord(recordName(key), value)
    }
  }

  async #loadDevices({ devices }: InboxTables): Promise<Map<number, number>> {
    const firsts = new Map<number, number>()
    for await (const [key, value] of this.#level.iterator(keysOf(KEY_TYPE.DEVICE))) {
      const device = devices.claim(readU32(key, 1), readU32(key, 5))
      const first = new DataView(value.buffer, value.byteOffset, 8).getFloat64(0)
      devices.nextSeqs[device] = first
      firsts.set(device, first)
    }
    return firsts
  }

  async #loadMessages(tables: InboxTables, firsts: ReadonlyMap<number, number>): Promise<void> {
    const keys = this.#level.keys({ ...keysOf(KEY_TYPE.MESSAGE), fillCache: false })
    for (;;) {
      const some = await keys.nextv(SCAN_KEYS)
      if (some.length === 0) return keys.close()
      for (const key of some) {
        const device = tables.devices.claim(readU32(key, 1), readU32(key, 5))
        const seq = readU53(key, 9)
        if (seq < (firsts.get(device) ?? 1)) {
          await this.#level.del(key)
          continue
        }
        const row = tables.append(device, seq, readU32(key, 21), readU32(key, 17), 0)
        if (row === NO_ROW) throw tooMany(this.#folder.path)
        this.#places.set(row, PLACE.SPILLED, 0)
      }
    }
  }

  async #loadJournal(tables: InboxTables, firsts: Map<number, number>): Promise<void> {
    for await (const [key, value] of this.#level.iterator(keysOf(KEY_TYPE.JOURNAL))) {
      const number = readU53(key, 1)
      if (!JournalRecord.isWhole(value)) throw damaged(this.#folder.path, number)
      const record = (this.#fold as JournalFold).load(number, value)
      for (let put = 0; put < record.putCount; put++) {
        this.#loadPut(tables, record, number, put, firsts)
      }
      for (let at = 0; at < record.advanceCount; at++) {
        const device = tables.devices.claim(record.advanceHigh(at), record.advanceLow(at))
        record.setAdvance(at, device)
        this.#advance(tables, device, record.advanceSeq(at), firsts)
      }
      this.#nextNumber = number + 1
    }
  }

  #loadPut(
    tables: InboxTables,
    record: JournalRecord,
    number: number,
    put: number,
    firsts: ReadonlyMap<number, number>,
  ): void {
    const device = tables.devices.claim(record.putHigh(put), record.putLow(put))
    const seq = record.putSeq(put)
    record.setPut(put, NO_ROW, device)
    if (seq < (firsts.get(device) ?? 1)) return
    const bytes = record.payloadBytes(put)
    const row = tables.append(device, seq, bytes, record.putExpiresAtS(put), 0)
    if (row === NO_ROW) throw tooMany(this.#folder.path)
    record.setPut(put, row, device)
    this.#places.set(row, placeOf(number), put)
  }

  #advance(tables: InboxTables, device: number, first: number, firsts: Map<number, number>): void {
    if (first <= (firsts.get(device) ?? 1)) return
    firsts.set(device, first)
    while (tables.devices.pendingCounts[device] > 0 && tables.firstSeqOf(device) < first) {
      const row = tables.removeHead(device)
      this.#places.clear(row)
      tables.messages.release(row)
    }
  }

  /** After a failed write LevelDB takes no other until it is opened again. */
  async #reopen(failure: PushctlError): Promise<void> {
    if (performance.now() < this.#reopenAtMs) throw failure
    try {
      await this.#folder.reopen()
    } catch (cause) {
      throw this.#failed(cause)
    }
    this.#failure = null
  }

  #failed(cause: unknown): PushctlError {
    this.#mustReplace = true
    this.#reopenAtMs = performance.now() + REOPEN_AFTER_MS
    const reason = (cause as Error).message
    const message = `expected to write to the store in ${this.#folder.path}, got: ${reason}`
    this.#failure = new PushctlError('PUSHCTL_STORE_FAILED', message, {
      why: 'the disk is full, has failed or is read-only',
      tries: ['df -h', 'push with qos 0, which stores nothing'],
      cause,
    })
    return this.#failure
  }
}

function damaged(path: string, number: number): PushctlError {
  const message = `expected a whole journal record ${number} in ${path}, got a damaged one`
  return new PushctlError('PUSHCTL_STORE_UNUSABLE', message, {
    why: 'the folder was changed by another program, or the disk has failed',
    tries: ['restore the folder from a backup', '--data-dir with a new folder'],
  })
}

function tooMany(path: string): PushctlError {
  const message = `${path} holds more messages than this node may keep`
  return new PushctlError('PUSHCTL_STORE_UNUSABLE', message, {
    why: 'each stored message needs a row in memory',
  })
}
