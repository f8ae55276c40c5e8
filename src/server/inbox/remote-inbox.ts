/**
 * Inboxes that are kept for a whole cluster (Redis), as far as a node holds them: the pending
 * messages of the devices that are connected to it, as rows of the same tables that a single node
 * has, so that delivery is the same code. Numbers are given where messages are stored; what arrives
 * here out of turn is left to whoever reads the inbox again from where this node stands.
 */
import { HEAD_BYTES } from '../../cluster/device-registry.ts'
import { NO_ROW } from '../store/device-rows.ts'
import type { Inbox } from '../store/inbox.ts'
import { MESSAGE_FLAG } from '../store/message-rows.ts'
import type { InboxDelivery } from './inbox-delivery.ts'
import type { DeviceFinder } from './node-inbox.ts'
import type { SlotDevices } from './slot-devices.ts'

/** A connection that was let in. */
export interface AdmittedDevice {
  readonly high: number
  readonly low: number
  readonly shard: number
  readonly slot: number
  readonly generation: number
  readonly flags: number
  /** What it has received. */
  readonly inboxSeq: number
}

/** What became of a message that was stored for a device of this node. */
export type Arrival = 'taken' | 'known' | 'gap' | 'absent'

export class RemoteInbox {
  readonly #inbox: Inbox
  readonly #delivery: InboxDelivery
  readonly #slots: SlotDevices
  readonly #directory: DeviceFinder

  constructor(inbox: Inbox, delivery: InboxDelivery, slots: SlotDevices, directory: DeviceFinder) {
    this.#inbox = inbox
    this.#delivery = delivery
    this.#slots = slots
    this.#directory = directory
  }

  /** Its pending messages are `heads`, and end before nextSeq. Returns its largest number. */
  adopt(device: AdmittedDevice, nextSeq: number, heads: Buffer): number {
    const { high, low, shard, slot, generation, flags, inboxSeq } = device
    const { devices } = this.#inbox.tables
    this.#slots.setFlags(shard, slot, flags)
    if (devices.find(high, low) === NO_ROW && nextSeq === 1) return 0
    const row = this.#inbox.deviceOf(high, low)
    this.#replace(row, nextSeq - heads.length / HEAD_BYTES, heads)
    this.#delivery.onHello(row, shard, slot, generation, inboxSeq)
    return devices.nextSeqs[row] - 1
  }

  /** It is stored; a device that is up to date gets it at once. */
  arrive(
    high: number,
    low: number,
    seq: number,
    expiresAtS: number,
    mode: number,
    payload: Uint8Array,
  ): Arrival {
    if (!this.#directory.find(high, low)) return 'absent'
    const { devices } = this.#inbox.tables
    const row = this.#inbox.deviceOf(high, low)
    if (!devices.isOnline(row)) this.#attach(row)
    if (seq < devices.nextSeqs[row]) return 'known'
    const message = this.#inbox.arrive(row, seq, payload.length, expiresAtS)
    if (message === NO_ROW) return 'gap'
    this.#delivery.onNew(row, message, mode, payload, 0, payload.length)
    return 'taken'
  }

  /** The number that this node expects next; 1 where it knows of no inbox. */
  nextSeqOf(high: number, low: number): number {
    const { devices } = this.#inbox.tables
    const row = devices.find(high, low)
    return row === NO_ROW ? 1 : devices.nextSeqs[row]
  }

  /** What is pending from firstSeq on, where it is more than this node knows. */
  catchUp(high: number, low: number, firstSeq: number, heads: Buffer): void {
    if (!this.#directory.find(high, low)) return
    const { devices } = this.#inbox.tables
    const row = this.#inbox.deviceOf(high, low)
    if (!devices.isOnline(row)) this.#attach(row)
    const nextSeq = devices.nextSeqs[row]
    // All that this node had is gone in the meantime.
    if (firstSeq > nextSeq) this.#replace(row, firstSeq, heads)
    else this.#append(row, firstSeq, heads)
    if (devices.nextSeqs[row] > nextSeq) this.#delivery.onMore(row)
  }

  /** What this node had counts no more: all that is pending is handed over again. */
  resync(high: number, low: number, firstSeq: number, heads: Buffer): void {
    if (!this.#directory.find(high, low)) return
    const row = this.#inbox.deviceOf(high, low)
    this.#replace(row, firstSeq, heads)
    this.#attach(row)
    if (heads.length > 0) this.#delivery.onMore(row)
  }

  /** The device has left: others keep its inbox. To be called before delivery hears of it. */
  leave(shard: number, slot: number, generation: number): void {
    const row = this.#delivery.deviceAt(shard, slot, generation)
    // Below 1 is nothing: what is still to be written of this row removes no message.
    if (row !== NO_ROW) this.#inbox.reset(row, 1)
  }

  #attach(row: number): void {
    const { shard, slot, generation } = this.#directory
    this.#delivery.attach(row, shard, slot, generation)
  }

  #replace(row: number, firstSeq: number, heads: Buffer): void {
    this.#inbox.reset(row, firstSeq)
    this.#append(row, firstSeq, heads)
    const { devices, messages } = this.#inbox.tables
    // Who can know whether another node has handed them over?
    for (let at = devices.heads[row]; at !== NO_ROW; at = messages.nexts[at]) {
      messages.flags[at] |= MESSAGE_FLAG.SENT
    }
  }

  /** Messages that the row has already are passed over. */
  #append(row: number, firstSeq: number, heads: Buffer): void {
    for (let at = 0, seq = firstSeq; at < heads.length; at += HEAD_BYTES, seq++) {
      this.#inbox.arrive(row, seq, heads.readUInt32BE(at), heads.readUInt32BE(at + 4))
    }
  }
}
