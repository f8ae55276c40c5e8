/**
 * What leaves: commits, sendSame, and the accounts of what node:net still holds for peers that do
 * not read. A commit is queued whole or not at all, so the byte stream of an overflowed connection
 * ends between two frames and a last one (BYE) can follow. One that finds its queue empty is always
 * taken: only then can the kernel show how much it takes. Node counts a write as waiting until all
 * of it is sent, so limits act a little earlier than in the kernel.
 */
import { NO_ENTRY, NodeOutbox } from './node-outbox.ts'
import { type NodeRows, OVERFLOW, type RowSocket } from './node-rows.ts'
import {
  type EngineCounters,
  type EngineOptions,
  OUTBOX_RESERVE_MAX,
  OVERFLOW_GRACE_BYTES,
  type Slot,
} from './socket-engine.ts'

export interface SenderEvents {
  /** The send queue would have passed its limit. */
  onOverflowDue(slot: Slot): void
  /** The buffers of the engine are full: the connection cannot go on. */
  onBuffersFull(slot: Slot): void
  /** Bytes held for other purposes, counted into bufferedBytesMax as well. */
  keptBytes(): number
}

export class NodeSender {
  readonly outbox: NodeOutbox
  /** Bytes waiting for peers, all rows together. */
  queuedBytes = 0
  readonly #rows: NodeRows
  readonly #counters: EngineCounters
  readonly #events: SenderEvents
  readonly #queueBytesMax: number
  readonly #bufferedBytesMax: number

  constructor(
    rows: NodeRows,
    counters: EngineCounters,
    options: EngineOptions,
    events: SenderEvents,
  ) {
    this.#rows = rows
    this.#counters = counters
    this.#events = events
    this.#queueBytesMax = options.sendQueueBytesMax
    this.#bufferedBytesMax = options.bufferedBytesMax
    this.outbox = new NodeOutbox(options.capacity)
  }

  reserve(bytes: number): number {
    if (bytes > OUTBOX_RESERVE_MAX) {
      throw new RangeError(`expected at most ${OUTBOX_RESERVE_MAX} bytes to reserve, got ${bytes}`)
    }
    if (this.outbox.cursor + bytes > this.outbox.bytes.length) this.flush()
    return this.outbox.cursor
  }

  commit(slot: Slot, start: number, end: number): void {
    this.#counters.bytesCommitted += Math.max(0, end - start)
    if (end <= start || !this.#mayWrite(slot, end - start)) return
    if (this.outbox.isFull) this.flush()
    this.outbox.append(slot, start, end)
  }

  flush(): void {
    const { outbox } = this
    if (outbox.isEmpty) return
    for (let index = 0; index < outbox.dirtyCount; index++) this.flushSlot(outbox.dirty[index])
    outbox.reset()
  }

  /** Sends what is committed for one row; the arena stays as it is. */
  flushSlot(slot: Slot): void {
    const { outbox } = this
    let entry = outbox.takeChain(slot)
    if (entry === NO_ENTRY) return
    const stream = this.#rows.stream[slot]
    if (stream === null) return
    while (entry !== NO_ENTRY) {
      const waiting = stream.writableLength
      let bytes = 0
      let stop = entry
      while (stop !== NO_ENTRY && this.#fits(slot, waiting + bytes, outbox.bytesOf(stop))) {
        bytes += outbox.bytesOf(stop)
        stop = outbox.nextOf(stop)
      }
      if (bytes === 0) return this.#overflow(slot)
      if (!this.#write(slot, stream, outbox.copyChain(entry, stop, bytes))) return
      entry = stop
    }
  }

  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void {
    this.flush()
    if (end <= start || count === 0) return
    // One copy for all: whoever has to wait holds on to it together with the others.
    const copy = Buffer.from(bytes.subarray(start, end))
    this.#counters.bytesCommitted += count * copy.length
    for (let index = 0; index < count; index++) {
      const slot = slots[index]
      if (!this.#mayWrite(slot, copy.length)) continue
      const stream = this.#rows.stream[slot]
      if (stream === null) continue
      if (this.#fits(slot, stream.writableLength, copy.length)) this.#write(slot, stream, copy)
      else this.#overflow(slot)
    }
  }

  /** Bytes that wait for the peer, without what is committed but not flushed. */
  queuedBytesOf(slot: Slot): number {
    return this.#rows.stream[slot]?.writableLength ?? 0
  }

  /** What is committed but not sent yet is forgotten. */
  dropCommitted(slot: Slot): void {
    this.outbox.takeChain(slot)
  }

  /**
   * Brings the accounts in line with what node:net still holds; `written` bytes were added to it
   * just now.
   */
  account(slot: Slot, stream: RowSocket, written: number): void {
    const waiting = stream.writableLength
    const growth = waiting - this.#rows.queued[slot]
    this.#rows.queued[slot] = waiting
    this.queuedBytes += growth
    this.#counters.bytesSent += written - growth
  }

  /** The stream has closed: what it held was sent if it finished, else it is lost. */
  closeAccount(slot: Slot, stream: RowSocket): void {
    const queued = this.#rows.queued[slot]
    if (stream.writableFinished) this.#counters.bytesSent += queued
    this.queuedBytes -= queued
    this.#rows.queued[slot] = 0
  }

  #mayWrite(slot: Slot, bytes: number): boolean {
    const rows = this.#rows
    if (!rows.isHandlers(slot)) return false
    const overflow = rows.overflow[slot]
    if (overflow === OVERFLOW.NONE) return true
    if (overflow !== OVERFLOW.REPORTED || bytes > OVERFLOW_GRACE_BYTES) return false
    rows.overflow[slot] = OVERFLOW.LAST_FRAME_QUEUED
    return true
  }

  #fits(slot: Slot, waiting: number, bytes: number): boolean {
    if (waiting === 0 || waiting + bytes <= this.#queueBytesMax) return true
    return this.#rows.overflow[slot] === OVERFLOW.LAST_FRAME_QUEUED
  }

  #overflow(slot: Slot): void {
    this.#rows.overflow[slot] = OVERFLOW.DUE
    this.#events.onOverflowDue(slot)
  }

  /** False where the connection is over. */
  #write(slot: Slot, stream: RowSocket, bytes: Buffer): boolean {
    if (!stream.writable) return false
    stream.write(bytes)
    this.account(slot, stream, bytes.length)
    const isQueued = this.#rows.queued[slot] > 0
    if (isQueued && this.queuedBytes + this.#events.keptBytes() > this.#bufferedBytesMax) {
      this.#events.onBuffersFull(slot)
      return false
    }
    return true
  }
}
