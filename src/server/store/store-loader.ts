/**
 * Fills the tables with what is on disk: what LevelDB has first, then the journal, whose records
 * are newer. Payloads stay where they are.
 */
import type { ClassicLevel } from 'classic-level'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { NO_ROW } from './device-rows.ts'
import type { InboxTables } from './inbox-tables.ts'
import { type JournalFold, writeNamed } from './journal-fold.ts'
import type { Frame } from './journal-frame.ts'
import { JournalRecord } from './journal-record.ts'
import type { View } from './level-folder.ts'
import { KEY_TYPE, keysOf, messageKey, readNumberValue, readU32, readU53 } from './level-keys.ts'
import { recordKey, recordName } from './level-keys.ts'
import { PLACE, type Places, placeOf } from './message-places.ts'
import { UNREAD_RECORD_PREFIX } from './push-store.ts'

const SCAN_KEYS = 1_000
/** The first name behind those of UNREAD_RECORD_PREFIX. */
const BEHIND_UNREAD = 'p0'

export class StoreLoader {
  readonly #path: string
  readonly #level: ClassicLevel<View, View>
  readonly #tables: InboxTables
  readonly #places: Places
  readonly #fold: JournalFold
  /** By device row: everything below is gone. */
  readonly #firsts = new Map<number, number>()

  constructor(
    { path, level }: { readonly path: string; readonly level: ClassicLevel<View, View> },
    tables: InboxTables,
    places: Places,
    fold: JournalFold,
  ) {
    this.#path = path
    this.#level = level
    this.#tables = tables
    this.#places = places
    this.#fold = fold
  }

  /** Throws PUSHCTL_STORE_UNUSABLE where something is damaged. */
  async load(
    journal: readonly Frame[],
    onRecord: (key: string, value: Uint8Array) => void,
  ): Promise<void> {
    await this.#loadDevices()
    await this.#loadMessages()
    for (const frame of journal) await this.#loadFrame(frame)
    const { devices } = this.#tables
    for (const [device, first] of this.#firsts) {
      if (devices.nextSeqs[device] < first) devices.nextSeqs[device] = first
    }
    const { gte, lt } = keysOf(KEY_TYPE.RECORD)
    await this.#loadNamed({ gte, lt: recordKey(UNREAD_RECORD_PREFIX) }, onRecord)
    await this.#loadNamed({ gte: recordKey(BEHIND_UNREAD), lt }, onRecord)
  }

  async #loadNamed(
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

  async #loadDevices(): Promise<void> {
    const { devices } = this.#tables
    for await (const [key, value] of this.#level.iterator(keysOf(KEY_TYPE.DEVICE))) {
      const device = devices.claim(readU32(key, 1), readU32(key, 5))
      const first = readNumberValue(value)
      devices.nextSeqs[device] = first
      this.#firsts.set(device, first)
    }
  }

  async #loadMessages(): Promise<void> {
    const keys = this.#level.keys({ ...keysOf(KEY_TYPE.MESSAGE), fillCache: false })
    for (;;) {
      const some = await keys.nextv(SCAN_KEYS)
      if (some.length === 0) return keys.close()
      for (const key of some) this.#loadMessage(key)
    }
  }

  #loadMessage(key: Uint8Array): void {
    const device = this.#tables.devices.claim(readU32(key, 1), readU32(key, 5))
    const seq = readU53(key, 9)
    if (seq < this.#firstOf(device)) {
      this.#fold.discard(key)
      return
    }
    this.#places.set(
      this.#append(device, seq, readU32(key, 21), readU32(key, 17)),
      PLACE.SPILLED,
      0,
    )
  }

  async #loadFrame({ number, record: bytes }: Frame): Promise<void> {
    if (!JournalRecord.isWhole(bytes)) throw damaged(this.#path, number)
    const record = this.#fold.load(number, bytes)
    for (let put = 0; put < record.putCount; put++) this.#loadPut(record, number, put)
    for (let at = 0; at < record.advanceCount; at++) {
      const { devices } = this.#tables
      const device = devices.claim(record.advanceHigh(at), record.advanceLow(at))
      record.setAdvance(at, device)
      this.#advance(device, record.advanceSeq(at))
    }
    const writes = this.#level.batch()
    writeNamed(record, writes)
    // Not durable by itself: the journal has it until it is folded.
    await (writes.length > 0 ? writes.write() : writes.close())
  }

  #loadPut(record: JournalRecord, number: number, put: number): void {
    const device = this.#tables.devices.claim(record.putHigh(put), record.putLow(put))
    const seq = record.putSeq(put)
    record.setPut(put, NO_ROW, device)
    if (seq < this.#firstOf(device)) return
    const row = this.#append(device, seq, record.payloadBytes(put), record.putExpiresAtS(put))
    record.setPut(put, row, device)
    this.#places.set(row, placeOf(number), put)
  }

  #advance(device: number, first: number): void {
    if (first <= this.#firstOf(device)) return
    this.#firsts.set(device, first)
    const { devices, messages } = this.#tables
    while (devices.pendingCounts[device] > 0 && this.#tables.firstSeqOf(device) < first) {
      const row = this.#tables.removeHead(device)
      if (this.#places.numberOf(row) === PLACE.SPILLED) {
        this.#fold.discard(rowKey(this.#tables, device, row))
      }
      this.#places.clear(row)
      messages.release(row)
    }
  }

  #firstOf(device: number): number {
    return this.#firsts.get(device) ?? 1
  }

  #append(device: number, seq: number, bytes: number, expiresAtS: number): number {
    const row = this.#tables.append(device, seq, bytes, expiresAtS, 0)
    if (row === NO_ROW) throw tooMany(this.#path)
    return row
  }
}

/** Key of the message of a row that is not released yet. */
export function rowKey({ devices, messages }: InboxTables, device: number, row: number) {
  const { highs, lows } = devices
  const { seqs, expiresAtS, bytes } = messages
  return messageKey(highs[device], lows[device], seqs[row], expiresAtS[row], bytes[row])
}

export function damaged(path: string, number: number): PushctlError {
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
