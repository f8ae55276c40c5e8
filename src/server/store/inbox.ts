/**
 * The inboxes of all devices: numbers pushes per device, keeps them until they are acked, expired
 * or trimmed, and makes every change durable before it counts as accepted. Knows nothing of
 * connections beside the columns that delivery keeps in the same table.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { CommitQueue } from './commit-queue.ts'
import { NO_ROW } from './device-rows.ts'
import { InboxTables } from './inbox-tables.ts'
import { MESSAGE_FLAG } from './message-rows.ts'
import type { PushStore } from './push-store.ts'
import type { WriteBatch } from './write-batch.ts'

export interface InboxLimits {
  /** Pending messages of one device; the oldest go first. */
  readonly messagesPerDeviceMax: number
  readonly bytesPerDeviceMax: number
  /** Of all devices: each needs a row in memory. */
  readonly messagesMax: number
  /** Waiting to be written; beyond it a push is refused. */
  readonly unwrittenBytesMax: number
}

export const DEFAULT_INBOX_LIMITS: InboxLimits = {
  messagesPerDeviceMax: 1_000,
  bytesPerDeviceMax: 4 << 20,
  messagesMax: 16_000_000,
  unwrittenBytesMax: 64 << 20,
}

export interface InboxEvents {
  /** The puts of the batch are stored. */
  onStored(batch: WriteBatch): void
  /** A message went: was it acked, or lost to its time or to a limit? */
  onRemoved(pushNumber: number, cause: RemovalCause): void
}

export type RemovalCause = 'acked' | 'expired' | 'trimmed'

const SWEEP_DEVICES = 20_000
const SWEEP_EVERY_MS = 1_000

export class Inbox {
  readonly tables: InboxTables
  readonly counts = { stored: 0, acked: 0, expired: 0, trimmed: 0, failed: 0 }
  readonly commits: CommitQueue
  readonly #store: PushStore
  readonly #limits: InboxLimits
  readonly #events: InboxEvents
  #sweeper: NodeJS.Timeout | undefined
  #sweptDevice = 1

  constructor(store: PushStore, limits: InboxLimits, events: InboxEvents) {
    this.#store = store
    this.#limits = limits
    this.#events = events
    this.tables = new InboxTables(limits.messagesMax)
    this.commits = new CommitQueue(store, limits.unwrittenBytesMax, {
      onWritten: (batch) => this.#onWritten(batch),
      onFailed: (batch, carried) => this.#onFailed(batch, carried),
    })
  }

  /** Throws PUSHCTL_STORE_UNUSABLE. */
  async load(onRecord: (key: string, value: Uint8Array) => void): Promise<void> {
    await this.#store.load(this.tables, onRecord)
    const { messages } = this.tables
    // Who can know whether they were handed over before?
    for (let row = 1; row < messages.end; row++) messages.flags[row] |= MESSAGE_FLAG.SENT
    this.#sweeper = setInterval(() => this.sweep(nowSeconds()), SWEEP_EVERY_MS)
    this.#sweeper.unref()
  }

  /** Bytes of `count` puts of one payload; throws where they cannot be taken. */
  checkRoom(count: number, payloadBytes: number): void {
    const bytes = count * payloadBytes
    if (bytes > this.#limits.unwrittenBytesMax) throw tooLarge(count, payloadBytes, this.#limits)
    this.commits.checkRoom(bytes)
    if (this.tables.messages.count + count > this.#limits.messagesMax) throw tooMany(this.#limits)
  }

  /** Row of the device, made where there was none. */
  deviceOf(high: number, low: number): number {
    return this.tables.devices.claim(high, low)
  }

  /**
   * Adds one message to the batch that gathers; it is stored when commit() resolves. Returns its
   * sequence number. checkRoom() comes first.
   */
  put(
    device: number,
    payload: Uint8Array,
    expiresAtS: number,
    pushNumber: number,
    mode: number,
  ): number {
    const { tables } = this
    const { batch } = this.commits
    const seq = tables.devices.nextSeqs[device]
    const row = tables.append(device, seq, payload.length, expiresAtS, pushNumber)
    if (row === NO_ROW) throw tooMany(this.#limits)
    batch.addPut(row, device, tables.devices, seq, expiresAtS, mode, payload)
    this.#trim(device)
    return seq
  }

  /** Everything up to `seq` is received. Returns how many messages went. */
  ack(device: number, seq: number): number {
    const { devices } = this.tables
    let count = 0
    while (devices.pendingCounts[device] > 0 && this.tables.firstSeqOf(device) <= seq) {
      const isExpired = (this.#flagsOfHead(device) & MESSAGE_FLAG.EXPIRED) !== 0
      this.#remove(device, isExpired ? 'expired' : 'acked')
      count++
    }
    if (count > 0) this.#noteAdvance(device)
    return count
  }

  /**
   * The device has received more than this node ever numbered: the store is younger than the
   * device. What comes next must be above, or the device would take it for old.
   */
  skipTo(device: number, nextSeq: number): void {
    const { devices } = this.tables
    if (devices.nextSeqs[device] >= nextSeq || devices.pendingCounts[device] > 0) return
    devices.nextSeqs[device] = nextSeq
    this.#noteAdvance(device)
  }

  /** Removes what is expired at the head of some inboxes; all are looked at in turn. */
  sweep(nowS: number): void {
    const { devices, messages } = this.tables
    const count = Math.min(SWEEP_DEVICES, devices.end - 1)
    for (let i = 0; i < count; i++) {
      if (this.#sweptDevice >= devices.end) this.#sweptDevice = 1
      const device = this.#sweptDevice++
      const head = devices.heads[device]
      if (head !== NO_ROW && messages.expiresAtS[head] <= nowS) this.expireHead(device, nowS)
    }
    if (this.#store.wantsWrite || !this.commits.batch.isEmpty) this.commits.schedule()
  }

  expireHead(device: number, nowS: number): void {
    const { devices, messages } = this.tables
    let went = false
    for (;;) {
      const head = devices.heads[device]
      if (head === NO_ROW || messages.expiresAtS[head] > nowS) break
      this.#remove(device, 'expired')
      went = true
    }
    if (went) this.#noteAdvance(device, true)
  }

  /**
   * A message that somebody else has stored under the next number of the device. NO_ROW: it is not
   * the next one, or there is no room; nothing has changed then.
   */
  arrive(device: number, seq: number, bytes: number, expiresAtS: number): number {
    const { tables } = this
    if (seq !== tables.devices.nextSeqs[device]) return NO_ROW
    const row = tables.append(device, seq, bytes, expiresAtS, 0)
    if (row !== NO_ROW) this.#trim(device)
    return row
  }

  /** Somebody else keeps the inbox: what this node knew of it counts no more. */
  reset(device: number, nextSeq: number): void {
    const { devices, messages } = this.tables
    while (devices.heads[device] !== NO_ROW) messages.release(this.tables.removeHead(device))
    devices.nextSeqs[device] = nextSeq
    devices.rounds[device] = 0
  }

  /** Writes what is left, then closes the store. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper)
    await this.commits.drained()
    await this.#store.close()
  }

  read(devices: Uint32Array, rows: Uint32Array, count: number) {
    return this.#store.read(devices, rows, count)
  }

  #flagsOfHead(device: number): number {
    return this.tables.messages.flags[this.tables.devices.heads[device]]
  }

  #trim(device: number): void {
    const { devices } = this.tables
    const { messagesPerDeviceMax, bytesPerDeviceMax } = this.#limits
    let went = false
    while (
      devices.pendingCounts[device] > messagesPerDeviceMax ||
      (devices.pendingBytes[device] > bytesPerDeviceMax && devices.pendingCounts[device] > 1)
    ) {
      this.#remove(device, 'trimmed')
      went = true
    }
    if (went) this.#noteAdvance(device)
  }

  #remove(device: number, cause: RemovalCause): void {
    const { messages } = this.tables
    const row = this.tables.removeHead(device)
    const { batch } = this.commits
    batch.addRemoval(row, device)
    this.counts[cause]++
    this.#events.onRemoved(messages.pushNumbers[row], cause)
  }

  #noteAdvance(device: number, isExpired = false): void {
    const { devices } = this.tables
    this.commits.batch.addAdvance(device, devices, this.tables.firstSeqOf(device), isExpired)
    this.commits.schedule()
  }

  #onWritten(batch: WriteBatch): void {
    this.counts.stored += batch.putCount
    for (let at = 0; at < batch.removalCount; at++) {
      this.tables.messages.release(batch.removedRows[at])
    }
    this.#events.onStored(batch)
  }

  /** Pushes that were not stored are taken back, newest first; removals stay to be written. */
  #onFailed(batch: WriteBatch, carried: WriteBatch): void {
    const { messages, devices } = this.tables
    for (let put = batch.putCount - 1; put >= 0; put--) {
      const row = batch.putRows[put]
      this.counts.failed++
      if (messages.flags[row] & MESSAGE_FLAG.REMOVED) continue
      this.tables.removeTail(batch.putDevices[put])
      messages.release(row)
    }
    for (let at = 0; at < batch.advanceCount; at++) {
      const device = batch.advanceDevices[at]
      const isExpired = batch.advanceExpired[at] === 1
      carried.addAdvance(device, devices, this.tables.firstSeqOf(device), isExpired)
    }
    for (let at = 0; at < batch.removalCount; at++) {
      carried.addRemoval(batch.removedRows[at], batch.removedDevices[at])
    }
    for (const record of batch.records) {
      if (record.value === null) carried.addRecord(record)
    }
  }
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

function tooLarge(count: number, bytes: number, limits: InboxLimits): PushctlError {
  const limit = `${Math.round(limits.unwrittenBytesMax / 2 ** 20)} MiB`
  const message = `one push may store at most ${limit}, got ${count} devices of ${bytes} bytes each`
  return new PushctlError('PUSHCTL_STORE_FULL', message, {
    why: 'each device has a copy of its own',
    tries: ['fewer devices a push', 'a tag, which is stored once'],
  })
}

function tooMany({ messagesMax }: InboxLimits): PushctlError {
  const message = `expected room for a stored push, ${messagesMax} messages are stored already`
  return new PushctlError('PUSHCTL_STORE_FULL', message, {
    why: 'each needs a row in memory',
    tries: ['a shorter ttlSeconds', 'devices that ack what they receive'],
  })
}
