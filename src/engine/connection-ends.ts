/**
 * How connections of the epoll engine end: in order (flush, end our side, linger), by reset, or
 * because the peer did. Decides which of these it is and whom to tell; what was decided during a
 * turn is told and carried out when the turn settles, so that no batch names somebody else's row.
 *
 *   OPEN ─ close() ─► FLUSHING ─ queue empty ─► LINGERING ─ peer ends, or lingerMs ─► DEAD ─► FREE
 *   OPEN ─ peer ends ─► PEER_ENDED ─ queue empty ─► DEAD          any ─ broken, abort() ─► DEAD
 */
import { constants } from 'node:os'
import { NO_BLOCK } from './byte-slab.ts'
import { type ConnectionTable, PHASE, SEND_STATE } from './connection-table.ts'
import { EndingLists } from './ending-lists.ts'
import { LingerQueue } from './linger-queue.ts'
import { CLOSE_HOW, type NativeShim, type ShimHandle } from './native-shim.ts'
import { ClosedList, SlotList } from './slot-list.ts'
import {
  CLOSE_REASON,
  type EngineCounters,
  type EngineHandler,
  type Slot,
} from './socket-engine.ts'

const { ECONNRESET, EPIPE } = constants.errno

export interface EndEvents {
  /** Gives back what the slot has beside its row. */
  onFree(slot: Slot): void
  /** The slot is given up: what it kept of its peer is of no use any more. */
  onGivenUp(slot: Slot): void
  /** Something waits for the end of a turn. */
  onPending(): void
  /** The last word of the slot is queued: to be sent as far as the kernel takes it. */
  onLastWord(slot: Slot): void
}

export class ConnectionEnds {
  readonly #table: ConnectionTable
  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #counters: EngineCounters
  readonly #events: EndEvents
  readonly #lists: EndingLists
  readonly #linger: LingerQueue
  /** Two of each: while the handler works through one, what it causes goes to the other. */
  #overflows = new SlotList()
  #overflowsSpare = new SlotList()
  #closed = new ClosedList()
  #closedSpare = new ClosedList()

  constructor(
    table: ConnectionTable,
    lingerMs: number,
    shim: NativeShim,
    handle: ShimHandle,
    counters: EngineCounters,
    events: EndEvents,
  ) {
    this.#table = table
    this.#shim = shim
    this.#handle = handle
    this.#counters = counters
    this.#events = events
    this.#lists = new EndingLists(table, shim, handle, (slot) => this.#free(slot))
    this.#linger = new LingerQueue(lingerMs, table, (slot) => this.reset(slot))
  }

  /** Are there overflows or ends that the handler was not told of? */
  get hasNews(): boolean {
    return this.#overflows.count > 0 || this.#closed.count > 0
  }

  /** In order; see SocketEngine.close(). */
  close(slot: Slot): void {
    if (!this.#table.isUsable(slot)) return this.#table.silence(slot)
    this.#events.onGivenUp(slot)
    if (this.#table.phaseOf[slot] === PHASE.CONNECTING) return this.reset(slot)
    this.#counters.closed++
    this.#table.phaseOf[slot] = PHASE.FLUSHING
    this.#lists.pushHalf(slot)
    this.#linger.push(slot)
    this.#events.onPending()
  }

  abort(slot: Slot): void {
    if (this.#table.isUsable(slot)) this.reset(slot)
    else this.#table.silence(slot)
  }

  /** Tells the handler, and resets the connection. */
  fail(slot: Slot, reason: number, errno: number): void {
    if (this.#table.phaseOf[slot] === PHASE.DEAD) return
    if (reason === CLOSE_REASON.CONNECT_FAILED) this.#counters.connectFailed++
    if (this.#table.isUsable(slot)) this.#closed.push(slot, reason, errno)
    this.reset(slot)
  }

  reset(slot: Slot): void {
    const phase = this.#table.phaseOf[slot]
    if (phase === PHASE.FREE || phase === PHASE.DEAD) return
    if (phase === PHASE.OPEN) this.#counters.closed++
    this.#giveUp(slot)
    this.#lists.pushReset(slot)
  }

  /** errno 0: the peer ended its side in order. */
  endOfStream(slot: Slot, errno: number): void {
    if (errno !== 0) return this.#onBroken(slot, errno)
    const table = this.#table
    const phase = table.phaseOf[slot]
    if (phase === PHASE.OPEN) {
      this.#closed.push(slot, CLOSE_REASON.PEER_END, 0)
      this.#counters.closed++
      this.#events.onGivenUp(slot)
      table.phaseOf[slot] = PHASE.PEER_ENDED
      if (this.#hasQueued(slot)) this.#linger.push(slot)
      else this.#finish(slot)
    } else if (phase === PHASE.FLUSHING || phase === PHASE.LINGERING) {
      if (this.#hasQueued(slot)) table.phaseOf[slot] = PHASE.PEER_ENDED
      else this.#finish(slot)
    }
  }

  onQueueFull(slot: Slot): void {
    this.#overflows.push(slot)
    this.#events.onPending()
  }

  /** All that waited for this slot is sent. */
  onDrained(slot: Slot): void {
    const phase = this.#table.phaseOf[slot]
    if (phase === PHASE.FLUSHING) this.#lists.pushHalf(slot)
    else if (phase === PHASE.PEER_ENDED) this.#finish(slot)
  }

  /** Tells the handler of overflows, then of ends. */
  report(handler: EngineHandler): void {
    this.#reportOverflows(handler)
    this.#reportClosed(handler)
  }

  /** Closes descriptors and frees rows; returns how many. */
  carryOut(): number {
    return this.#lists.carryOut()
  }

  /** Resets all there are, at once. */
  destroy(): void {
    this.#linger.destroy()
    const table = this.#table
    const one = new Int32Array(1)
    for (let slot = 0; slot < table.capacity && table.count > 0; slot++) {
      if (table.phaseOf[slot] === PHASE.FREE) continue
      one[0] = slot
      this.#shim.close(this.#handle, one, 1, CLOSE_HOW.RESET)
      this.#free(slot)
    }
  }

  #onBroken(slot: Slot, errno: number): void {
    const phase = this.#table.phaseOf[slot]
    if (phase === PHASE.OPEN) {
      const reset = errno === ECONNRESET || errno === EPIPE
      this.fail(slot, reset ? CLOSE_REASON.PEER_RESET : CLOSE_REASON.SOCKET_ERROR, errno)
    } else if (phase !== PHASE.DEAD && phase !== PHASE.FREE) this.#finish(slot)
  }

  #hasQueued(slot: Slot): boolean {
    return this.#table.queueRef[slot] !== NO_BLOCK
  }

  /** Nothing is left to do for this connection: closes the descriptor at the end of the turn. */
  #finish(slot: Slot): void {
    this.#giveUp(slot)
    this.#lists.pushFinished(slot)
  }

  #giveUp(slot: Slot): void {
    this.#table.phaseOf[slot] = PHASE.DEAD
    this.#table.sendStateOf[slot] = SEND_STATE.GIVEN_UP
    this.#events.onPending()
  }

  #reportOverflows(handler: EngineHandler): void {
    const list = this.#overflows
    if (list.count === 0) return
    this.#overflows = this.#overflowsSpare
    this.#overflowsSpare = list
    let count = 0
    for (let i = 0; i < list.count; i++) {
      const slot = list.slots[i]
      if (this.#table.phaseOf[slot] !== PHASE.OPEN) continue
      this.#table.sendStateOf[slot] = SEND_STATE.LAST_WORD
      list.slots[count++] = slot
    }
    if (count > 0) handler.onOverflow(list.slots, count)
    for (let i = 0; i < count; i++) {
      // What was queued may be gone by now, and then nothing would tell that the socket is
      // writable.
      const slot = list.slots[i]
      if (this.#table.phaseOf[slot] === PHASE.FLUSHING && this.#hasQueued(slot)) {
        this.#events.onLastWord(slot)
      }
    }
    list.clear()
  }

  #reportClosed(handler: EngineHandler): void {
    const closed = this.#closed
    if (closed.count === 0) return
    this.#closed = this.#closedSpare
    this.#closedSpare = closed
    const count = closed.keepUnless((slot) => this.#table.isSilenced(slot))
    if (count > 0) handler.onClose(closed.list.slots, closed.reasons, closed.errnos, count)
    closed.list.clear()
  }

  #free(slot: Slot): void {
    this.#events.onFree(slot)
    this.#table.freeSlot(slot)
  }
}
