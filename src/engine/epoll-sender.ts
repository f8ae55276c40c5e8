/**
 * The sending half of the epoll engine: gathers answers in the outbox, sends them in one crossing,
 * and queues what the kernel refuses. It decides nothing about connections: what it finds out about
 * one goes to its SendEvents.
 */
import { type ByteSlab, NO_BLOCK } from './byte-slab.ts'
import { type ConnectionTable, PHASE, SEND_STATE } from './connection-table.ts'
import { type NativeShim, SHIM_BATCH, type ShimHandle } from './native-shim.ts'
import { ENTRIES_MAX, Outbox } from './outbox.ts'
import { APPEND, SendQueue } from './send-queue.ts'
import { type EngineCounters, OUTBOX_RESERVE_MAX, type Slot } from './socket-engine.ts'

export interface SendEvents {
  /** The socket refused bytes for good. */
  onSendError(slot: Slot, errno: number): void
  onQueueFull(slot: Slot): void
  onNoBuffer(slot: Slot): void
  /** All that waited for this slot is sent. */
  onDrained(slot: Slot): void
}

export class EpollSender {
  readonly outbox = new Outbox()
  readonly #table: ConnectionTable
  readonly #slab: ByteSlab
  readonly #queue: SendQueue
  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #counters: EngineCounters
  readonly #events: SendEvents
  readonly #sent = new Int32Array(ENTRIES_MAX)

  constructor(
    table: ConnectionTable,
    slab: ByteSlab,
    queueBytesMax: number,
    shim: NativeShim,
    handle: ShimHandle,
    counters: EngineCounters,
    events: SendEvents,
  ) {
    this.#table = table
    this.#slab = slab
    this.#queue = new SendQueue(table, slab, queueBytesMax)
    this.#shim = shim
    this.#handle = handle
    this.#counters = counters
    this.#events = events
  }

  reserve(bytes: number): number {
    if (bytes > OUTBOX_RESERVE_MAX) throw new RangeError(`no frame needs ${bytes} bytes`)
    if (!this.outbox.hasRoom(bytes)) this.flush()
    return this.outbox.freeAt
  }

  commit(slot: Slot, start: number, end: number): void {
    this.#counters.bytesCommitted += end - start
    if (this.#table.phaseOf[slot] !== PHASE.OPEN) return
    if (this.#table.sendStateOf[slot] !== SEND_STATE.CLEAR) {
      this.#append(slot, this.outbox.bytes, start, end, false)
      return
    }
    if (!this.outbox.hasRoom(0)) this.flush()
    this.outbox.add(slot, start, end)
  }

  flush(): void {
    const { outbox } = this
    const { count, slots, starts, ends, bytes } = outbox
    if (count === 0) return
    const sent = this.#sent
    this.#counters.bytesSent += outbox.committedBytes
    const short = this.#shim.send(this.#handle, slots, starts, ends, count, bytes, sent)
    for (let i = 0; short > 0 && i < count; i++) {
      if (sent[i] === ends[i] - starts[i]) continue
      this.#afterShortSend(slots[i], bytes, starts[i], ends[i], sent[i])
    }
    outbox.clear()
  }

  sendSame(slots: Int32Array, count: number, bytes: Uint8Array, start: number, end: number): void {
    this.flush()
    const sent = this.#sent
    for (let from = 0; from < count; from += SHIM_BATCH) {
      const batch = Math.min(SHIM_BATCH, count - from)
      this.#counters.bytesSent += batch * (end - start)
      this.#counters.bytesCommitted += batch * (end - start)
      const short = this.#shim.sendSame(this.#handle, slots, from, batch, bytes, start, end, sent)
      for (let i = 0; short > 0 && i < batch; i++) {
        if (sent[i] === end - start) continue
        this.#afterShortSend(slots[from + i], bytes, start, end, sent[i])
      }
    }
  }

  hasQueued(slot: Slot): boolean {
    return this.#table.queueRef[slot] !== NO_BLOCK
  }

  /** The socket takes bytes again. */
  sendQueued(slot: Slot): void {
    const table = this.#table
    const ref = table.queueRef[slot]
    const at = this.#slab.offsetOf(ref)
    const sent = this.#shim.sendWaiting(
      this.#handle,
      slot,
      this.#slab.bytesOf(ref),
      at + table.queueStart[slot],
      at + table.queueEnd[slot],
    )
    if (sent < 0) return this.#events.onSendError(slot, -sent)
    this.#counters.bytesSent += sent
    if (this.#queue.consume(slot, sent)) this.#events.onDrained(slot)
  }

  drop(slot: Slot): void {
    this.#queue.drop(slot)
  }

  #afterShortSend(slot: Slot, bytes: Uint8Array, start: number, end: number, sent: number): void {
    this.#counters.bytesSent -= end - start - Math.max(0, sent)
    const phase = this.#table.phaseOf[slot]
    if (phase !== PHASE.OPEN && phase !== PHASE.FLUSHING) return
    if (sent < 0) this.#events.onSendError(slot, -sent)
    else this.#append(slot, bytes, start + sent, end, sent > 0)
  }

  #append(slot: Slot, bytes: Uint8Array, start: number, end: number, mustFit: boolean): void {
    const result = this.#queue.append(slot, bytes, start, end, mustFit)
    if (result === APPEND.OVERFLOW) this.#events.onQueueFull(slot)
    else if (result === APPEND.NO_BUFFER) this.#events.onNoBuffer(slot)
  }
}
