/**
 * From the inbox to connected devices. A device that is up to date gets each push straight from the
 * batch that stored it. One that is not (it just came, its window of unacked messages is full, it
 * is to be notified, or only lazy messages wait) is BEHIND: new pushes queue in the store, and are
 * read from it in order when there is room; many devices share one read.
 *
 *   stored ─┬─ up to date ──────────────► MSG
 *           └─ BEHIND ─► pump ─► read ──► MSG …       HELLO, ACK, PULL, heartbeat start the pump
 *
 * A device that never acks gets its window once per connection, and the window shrinks to a quarter
 * with every connection on which nothing was acked.
 */
import { LIMITS, MSG_FLAG } from '../../protocol/frame-types.ts'
import { DEVICE_FLAG, NO_ROW, NO_SHARD } from '../store/device-rows.ts'
import { steadyNowSeconds } from '../steady-clock.ts'
import { type Inbox, nowSeconds } from '../store/inbox.ts'
import { MESSAGE_FLAG } from '../store/message-rows.ts'
import type { WriteBatch } from '../store/write-batch.ts'
import { STORED_FLAG } from './inbox-messages.ts'
import type { PushReceipts } from './push-receipts.ts'
import { ReadRows } from './read-rows.ts'
import type { SlotDevices } from './slot-devices.ts'
import type { StoredBatch } from './stored-batch.ts'

export const PUSH_MODE = { DIRECT: 0, NOTIFY: 1, LAZY: 2 } as const

/** Unacked bytes of one connection: half of what its send queue takes. */
const WINDOW_BYTES = LIMITS.sendQueueBytesMax / 2
const ROUNDS_MAX = 5
/** Messages of one read of the store, of all devices together. */
const READ_ROWS_MAX = 4_096
/** Lazy messages wait for a heartbeat no longer than this. */
export const LAZY_SECONDS_MAX = 600
const HELLO_FLAGS = DEVICE_FLAG.WANTS_NOTIFY | DEVICE_FLAG.WILL_ACK
const NO_BYTES = new Uint8Array(0)

export interface DeliveryParts {
  readonly inbox: Inbox
  readonly slots: SlotDevices
  readonly receipts: PushReceipts
  readonly batchOf: (shard: number) => StoredBatch
}

export class InboxDelivery {
  redelivered = 0
  sent = 0
  readonly #parts: DeliveryParts
  #due: number[] = []
  #held: number[] = []
  #isPumping = false
  #isScheduled = false

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  /** The device is on this connection now, and has received up to inboxSeq. */
  onHello(device: number, shard: number, slot: number, generation: number, inboxSeq: number): void {
    const { inbox } = this.#parts
    const { devices, messages } = inbox.tables
    this.attach(device, shard, slot, generation)
    if (inboxSeq >= devices.nextSeqs[device]) inbox.skipTo(device, inboxSeq + 1)
    else if (inbox.ack(device, inboxSeq) > 0) devices.rounds[device] = 0
    inbox.expireHead(device, nowSeconds())
    const head = devices.heads[device]
    if (head === NO_ROW) return
    devices.flags[device] |= DEVICE_FLAG.BEHIND
    if (messages.flags[head] & MESSAGE_FLAG.SENT && devices.rounds[device] < ROUNDS_MAX) {
      devices.rounds[device]++
    }
    if (devices.flags[device] & DEVICE_FLAG.WANTS_NOTIFY) this.#notify(device)
    else this.#queue(device)
  }

  /** Notes where the device is; all its pending messages are to be handed over there. */
  attach(device: number, shard: number, slot: number, generation: number): void {
    const { inbox, slots } = this.#parts
    const { devices } = inbox.tables
    devices.shards[device] = shard
    devices.slots[device] = slot
    devices.generations[device] = generation
    const kept = devices.flags[device] & DEVICE_FLAG.QUEUED
    devices.flags[device] = kept | (slots.flagsAt(shard, slot) & HELLO_FLAGS)
    slots.setDevice(shard, slot, device)
    inbox.tables.markAllUnsent(device)
  }

  onGone(shard: number, slot: number, generation: number): void {
    const device = this.deviceAt(shard, slot, generation)
    if (device !== NO_ROW) this.#detach(device)
  }

  onShardLost(shard: number): void {
    const { devices } = this.#parts.inbox.tables
    for (let device = 1; device < devices.end; device++) {
      if (devices.shards[device] === shard) this.#detach(device)
    }
  }

  /** Hands over what was just stored, to those who are up to date. */
  onStored(batch: WriteBatch): void {
    const { devices, messages } = this.#parts.inbox.tables
    for (let put = 0; put < batch.putCount; put++) {
      const device = batch.putDevices[put]
      const row = batch.putRows[put]
      if (devices.shards[device] === NO_SHARD) continue
      if (messages.flags[row] & MESSAGE_FLAG.REMOVED) continue
      const start = batch.payloadStart(put)
      this.onNew(device, row, batch.putModes[put], batch.payloads, start, batch.payloadEnds[put])
    }
  }

  /** A new message of a connected device, stored already; its payload is bytes[start, end). */
  onNew(
    device: number,
    row: number,
    mode: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { devices, messages } = this.#parts.inbox.tables
    const flags = devices.flags[device]
    const isPulled = flags & (DEVICE_FLAG.WANTS_NOTIFY | DEVICE_FLAG.NOTIFIED)
    if (isPulled || mode === PUSH_MODE.NOTIFY) this.#notify(device)
    else if (mode === PUSH_MODE.LAZY) this.#hold(device)
    else if (flags & DEVICE_FLAG.BEHIND) this.#release(device)
    else if (devices.unsent[device] !== row || !this.#hasWindow(device, messages.bytes[row])) {
      devices.flags[device] |= DEVICE_FLAG.BEHIND
    } else this.#send(device, bytes, start, end)
  }

  /** Messages came that are not at hand: they are read from the store. */
  onMore(device: number): void {
    const { devices } = this.#parts.inbox.tables
    devices.flags[device] |= DEVICE_FLAG.BEHIND
    if (devices.flags[device] & DEVICE_FLAG.WANTS_NOTIFY) this.#notify(device)
    else if (!(devices.flags[device] & (DEVICE_FLAG.HELD | DEVICE_FLAG.NOTIFIED))) {
      this.#queue(device)
    }
  }

  onAck(shard: number, slot: number, generation: number, seq: number): void {
    const { inbox } = this.#parts
    const device = this.deviceAt(shard, slot, generation)
    if (device === NO_ROW) return
    const { devices, messages } = inbox.tables
    // What was not handed over here cannot have been received here.
    const unsent = devices.unsent[device]
    const handedOver = (unsent === NO_ROW ? devices.nextSeqs[device] : messages.seqs[unsent]) - 1
    if (inbox.ack(device, Math.min(seq, handedOver)) === 0) return
    devices.rounds[device] = 0
    const waits = DEVICE_FLAG.HELD | DEVICE_FLAG.NOTIFIED
    const flags = devices.flags[device]
    if (flags & DEVICE_FLAG.BEHIND && !(flags & waits)) this.#queue(device)
  }

  /** Answers with what comes after `afterSeq`, then NOTIFY where there is more, or nothing. */
  async onPull(
    shard: number,
    slot: number,
    generation: number,
    afterSeq: number,
    max: number,
  ): Promise<void> {
    const { inbox } = this.#parts
    const { devices, messages } = inbox.tables
    const device = this.deviceAt(shard, slot, generation)
    if (device === NO_ROW) return this.#sayHead(shard, slot, generation, 0)
    inbox.tables.markAllUnsent(device)
    while (devices.unsent[device] !== NO_ROW) {
      if (messages.seqs[devices.unsent[device]] > afterSeq) break
      inbox.tables.markSent(device)
    }
    const rows = new ReadRows(READ_ROWS_MAX)
    this.#collect(device, rows, Math.min(max, this.#windowOf(device)))
    devices.flags[device] |= DEVICE_FLAG.BEHIND | DEVICE_FLAG.NOTIFIED
    const before = this.sent
    await this.#readAndSend(rows)
    if (this.deviceAt(shard, slot, generation) !== device) return
    const hasMore = devices.unsent[device] !== NO_ROW
    if (!hasMore) this.#isUpToDate(device)
    if (hasMore || this.sent === before) {
      this.#sayHead(shard, slot, generation, devices.nextSeqs[device] - 1)
    }
  }

  /** What is lazy goes out with the heartbeat. */
  onHeartbeat(shard: number, slot: number, generation: number): void {
    const device = this.deviceAt(shard, slot, generation)
    if (device !== NO_ROW) this.#release(device)
  }

  /** Lazy messages that waited long enough. To be called every second or so. */
  releaseOverdue(nowS: number): void {
    if (this.#held.length === 0) return
    const { devices } = this.#parts.inbox.tables
    this.#held = this.#held.filter((device) => {
      if (!(devices.flags[device] & DEVICE_FLAG.HELD)) return false
      if (devices.lazyDueS[device] > nowS) return true
      this.#release(device)
      return false
    })
  }

  /** NO_ROW where another connection has the slot, or its device has no inbox. */
  deviceAt(shard: number, slot: number, generation: number): number {
    const { inbox, slots } = this.#parts
    const device = slots.deviceAt(shard, slot)
    const { devices } = inbox.tables
    const isThere =
      device !== NO_ROW &&
      devices.shards[device] === shard &&
      devices.slots[device] === slot &&
      devices.generations[device] === generation
    return isThere ? device : NO_ROW
  }

  #detach(device: number): void {
    const { devices } = this.#parts.inbox.tables
    devices.shards[device] = NO_SHARD
    devices.flags[device] &= DEVICE_FLAG.QUEUED
  }

  #windowOf(device: number): number {
    const { rounds } = this.#parts.inbox.tables.devices
    return Math.max(1, LIMITS.unackedPerDeviceMax >> (2 * Math.max(0, rounds[device] - 1)))
  }

  #hasWindow(device: number, bytes: number): boolean {
    const { sentCounts, sentBytes } = this.#parts.inbox.tables.devices
    if (sentCounts[device] === 0) return true
    return sentCounts[device] < this.#windowOf(device) && sentBytes[device] + bytes <= WINDOW_BYTES
  }

  /** Hands over the first unsent message of the device, whose payload is bytes[start, end). */
  #send(device: number, bytes: Uint8Array, start: number, end: number): void {
    const { inbox, receipts, batchOf } = this.#parts
    const { devices, messages } = inbox.tables
    const row = devices.unsent[device]
    const wasSent = messages.flags[row] & MESSAGE_FLAG.SENT
    const willAck = devices.flags[device] & DEVICE_FLAG.WILL_ACK
    const seq = messages.seqs[row]
    const flags = MSG_FLAG.WANTS_ACK | (wasSent ? MSG_FLAG.REDELIVERY : 0)
    const batch = batchOf(devices.shards[device])
    batch.add(devices.slots[device], devices.generations[device], flags, seq, bytes, start, end)
    if (wasSent) this.redelivered++
    else receipts.addSent(messages.pushNumbers[row])
    this.sent++
    inbox.tables.markSent(device)
    // Who does not ack is sent each message once.
    if (!willAck) inbox.ack(device, seq)
  }

  #notify(device: number): void {
    const { devices } = this.#parts.inbox.tables
    devices.flags[device] |= DEVICE_FLAG.BEHIND | DEVICE_FLAG.NOTIFIED
    const { shards, slots, generations, nextSeqs } = devices
    this.#sayHead(shards[device], slots[device], generations[device], nextSeqs[device] - 1)
  }

  #sayHead(shard: number, slot: number, generation: number, seq: number): void {
    const batch = this.#parts.batchOf(shard)
    batch.add(slot, generation, STORED_FLAG.NOTIFY, seq, NO_BYTES, 0, 0)
  }

  #hold(device: number): void {
    const { devices } = this.#parts.inbox.tables
    if (!(devices.flags[device] & DEVICE_FLAG.BEHIND)) this.#holdBack(device)
  }

  /** Nothing more goes out before the next heartbeat, or a direct push. */
  #holdBack(device: number): void {
    const { devices } = this.#parts.inbox.tables
    devices.flags[device] |= DEVICE_FLAG.BEHIND | DEVICE_FLAG.HELD
    devices.lazyDueS[device] = steadyNowSeconds() + LAZY_SECONDS_MAX
    this.#held.push(device)
    const batch = this.#parts.batchOf(devices.shards[device])
    const { slots, generations } = devices
    batch.add(slots[device], generations[device], STORED_FLAG.HOLD, 0, NO_BYTES, 0, 0)
  }

  #release(device: number): void {
    const { devices } = this.#parts.inbox.tables
    devices.flags[device] &= ~DEVICE_FLAG.HELD
    if (devices.flags[device] & DEVICE_FLAG.BEHIND) this.#queue(device)
  }

  #isUpToDate(device: number): void {
    const { devices } = this.#parts.inbox.tables
    devices.flags[device] &= ~(DEVICE_FLAG.BEHIND | DEVICE_FLAG.HELD | DEVICE_FLAG.NOTIFIED)
  }

  #queue(device: number): void {
    const { devices } = this.#parts.inbox.tables
    if (devices.flags[device] & DEVICE_FLAG.QUEUED) return
    devices.flags[device] |= DEVICE_FLAG.QUEUED
    this.#due.push(device)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPumping || this.#due.length === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#isPumping = true
      void this.#pump().finally(() => {
        this.#isPumping = false
        this.#schedule()
      })
    })
  }

  /** One read for many devices; who did not fit waits for the next. */
  async #pump(): Promise<void> {
    const { devices } = this.#parts.inbox.tables
    const rows = new ReadRows(READ_ROWS_MAX)
    const served: number[] = []
    while (this.#due.length > served.length && !rows.isFull) {
      const device = this.#due[served.length]
      served.push(device)
      devices.flags[device] &= ~DEVICE_FLAG.QUEUED
      if (devices.shards[device] === NO_SHARD) continue
      if (devices.flags[device] & (DEVICE_FLAG.HELD | DEVICE_FLAG.NOTIFIED)) continue
      this.#collect(device, rows, this.#windowOf(device) - devices.sentCounts[device])
    }
    this.#due = this.#due.slice(served.length)
    const firsts = served.map((device) => devices.unsent[device])
    await this.#readAndSend(rows)
    served.forEach((device, i) => this.#goOn(device, devices.unsent[device] !== firsts[i]))
  }

  /** After a read: up to date, or is there more that may go out? */
  #goOn(device: number, hasMoved: boolean): void {
    const { devices, messages } = this.#parts.inbox.tables
    const flags = devices.flags[device]
    if (flags & DEVICE_FLAG.NOTIFIED || devices.shards[device] === NO_SHARD) return
    const next = devices.unsent[device]
    if (next === NO_ROW) return this.#isUpToDate(device)
    if (!hasMoved || flags & DEVICE_FLAG.HELD) return
    // Acks pace the others; who does not ack gets the rest with its heartbeats.
    if (!(flags & DEVICE_FLAG.WILL_ACK)) this.#holdBack(device)
    else if (this.#hasWindow(device, messages.bytes[next])) this.#queue(device)
  }

  /**
   * Adds unsent messages of the device to a read: at most `countMax`, and what its window takes.
   */
  #collect(device: number, rows: ReadRows, countMax: number): void {
    const { devices, messages } = this.#parts.inbox.tables
    let bytes = devices.sentBytes[device]
    let count = 0
    for (let row = devices.unsent[device]; row !== NO_ROW; row = messages.nexts[row]) {
      const isFirst = devices.sentCounts[device] === 0 && count === 0
      bytes += messages.bytes[row]
      if (count >= countMax || (bytes > WINDOW_BYTES && !isFirst)) return
      if (!rows.add(device, row, messages.seqs[row])) return
      count++
    }
  }

  async #readAndSend(rows: ReadRows): Promise<void> {
    if (rows.count === 0) return
    const { inbox } = this.#parts
    const { devices, messages } = inbox.tables
    // A read that fails leaves all as it is; the next HELLO or ACK asks again.
    const payloads = await inbox.read(rows.devices, rows.rows, rows.count).catch(() => [])
    const nowS = nowSeconds()
    for (let at = 0; at < payloads.length; at++) {
      const device = rows.devices[at]
      const row = rows.rows[at]
      const payload = payloads[at]
      // Acked, replaced by a new connection, or not written yet.
      if (devices.shards[device] === NO_SHARD || devices.unsent[device] !== row) continue
      // The row may mean another message by now.
      if (payload === null || messages.seqs[row] !== rows.seqs[at]) continue
      if (messages.expiresAtS[row] <= nowS) {
        messages.flags[row] |= MESSAGE_FLAG.EXPIRED
        inbox.tables.markSent(device)
      } else this.#send(device, payload, 0, payload.length)
    }
  }
}
