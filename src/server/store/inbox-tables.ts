/**
 * Devices and their pending messages as lists in two tables. Only the arithmetic of the lists; what
 * is kept, sent or dropped is decided in inbox.ts. Removed messages keep their row until their
 * removal is written, so that a store never sees one row mean two messages in one batch.
 */
import { DeviceRows, NO_ROW } from './device-rows.ts'
import { MESSAGE_FLAG, MessageRows } from './message-rows.ts'

export class InboxTables {
  readonly devices = new DeviceRows()
  readonly messages: MessageRows

  constructor(messagesMax: number) {
    this.messages = new MessageRows(messagesMax)
  }

  /** Sequence number of the oldest pending message; of the next one where nothing is pending. */
  firstSeqOf(device: number): number {
    const head = this.devices.heads[device]
    return head === NO_ROW ? this.devices.nextSeqs[device] : this.messages.seqs[head]
  }

  /** The newest message of the device; its number becomes the last one. NO_ROW: no room. */
  append(
    device: number,
    seq: number,
    bytes: number,
    expiresAtS: number,
    pushNumber: number,
  ): number {
    const { devices, messages } = this
    const row = messages.claim(seq, bytes, expiresAtS, pushNumber)
    if (row === NO_ROW) return NO_ROW
    const tail = devices.tails[device]
    if (tail === NO_ROW) devices.heads[device] = row
    else messages.nexts[tail] = row
    devices.tails[device] = row
    if (devices.unsent[device] === NO_ROW) devices.unsent[device] = row
    devices.nextSeqs[device] = seq + 1
    devices.pendingCounts[device]++
    devices.pendingBytes[device] += bytes
    return row
  }

  /** Takes the oldest message off; returns its row. The device must have one. */
  removeHead(device: number): number {
    const { devices, messages } = this
    const row = devices.heads[device]
    const next = messages.nexts[row]
    devices.heads[device] = next
    if (next === NO_ROW) devices.tails[device] = NO_ROW
    this.#forget(device, row, next)
    return row
  }

  /** Takes the newest message off: it could not be stored. Walks the list, up to its length. */
  removeTail(device: number): void {
    const { devices, messages } = this
    const row = devices.tails[device]
    let before = NO_ROW
    for (let at = devices.heads[device]; at !== row; at = messages.nexts[at]) before = at
    if (before === NO_ROW) devices.heads[device] = NO_ROW
    else messages.nexts[before] = NO_ROW
    devices.tails[device] = before
    devices.nextSeqs[device] = messages.seqs[row]
    this.#forget(device, row, NO_ROW)
  }

  #forget(device: number, row: number, next: number): void {
    const { devices, messages } = this
    messages.flags[row] |= MESSAGE_FLAG.REMOVED
    devices.pendingCounts[device]--
    devices.pendingBytes[device] -= messages.bytes[row]
    if (devices.unsent[device] === row) {
      devices.unsent[device] = next
    } else if (devices.sentCounts[device] > 0) {
      devices.sentCounts[device]--
      devices.sentBytes[device] -= messages.bytes[row]
    }
  }

  /** The first message that was not handed over is now. */
  markSent(device: number): void {
    const { devices, messages } = this
    const row = devices.unsent[device]
    messages.flags[row] |= MESSAGE_FLAG.SENT
    devices.unsent[device] = messages.nexts[row]
    devices.sentCounts[device]++
    devices.sentBytes[device] += messages.bytes[row]
  }

  /** A new connection: all that is pending is to be handed over again. */
  markAllUnsent(device: number): void {
    const { devices } = this
    devices.unsent[device] = devices.heads[device]
    devices.sentCounts[device] = 0
    devices.sentBytes[device] = 0
  }
}
