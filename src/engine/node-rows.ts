/**
 * The connection table of the node engine.
 *
 *   slot │ phase   │ generation │ endReason │ queued │ stream     │ raw
 *      0 │ OPEN    │          7 │         · │    260 │ net.Socket │ the same
 *      1 │ CLOSING │          3 │         · │      0 │ TLSSocket  │ net.Socket below
 *      2 │ FREE    │          3 │         · │      · │ null       │ null
 *
 * Unlike the table of the epoll engine it holds objects: node:net has one per connection anyhow
 * (3.4 kB each).
 */
import type { Socket } from 'node:net'
import { NO_SLOT, type Slot } from './socket-engine.ts'

export const PHASE = {
  FREE: 0,
  /** connect() was called; the handler knows the slot. */
  CONNECTING: 1,
  /** Accepted, TLS handshake under way; the handler does not know the slot yet. */
  HANDSHAKE: 2,
  OPEN: 3,
  /**
   * No longer the handler's: flushing, waiting for the peer's end or for its descriptor to close.
   */
  CLOSING: 4,
  /** The socket is gone; the slot is free when the turn ends. */
  GIVEN_UP: 5,
} as const

/** How far the overflow of a send queue has got. */
export const OVERFLOW = {
  NONE: 0,
  /** A commit did not fit; onOverflow is still to be called. */
  DUE: 1,
  /** onOverflow was called: one last frame may follow. */
  REPORTED: 2,
  LAST_FRAME_QUEUED: 3,
} as const

/**
 * The row of a socket, on the socket itself, so that all sockets share one set of listener
 * functions.
 */
export const SLOT: unique symbol = Symbol('slot')
export type RowSocket = Socket & { [SLOT]: Slot }

export class NodeRows {
  readonly capacity: number
  readonly phase: Uint8Array
  readonly generation: Uint16Array
  /** CLOSE_REASON of an end that is not reported yet; 0 where there is none. */
  readonly endReason: Uint8Array
  readonly endErrno: Int32Array
  readonly overflow: Uint8Array
  /** Bytes counted into bufferedBytes for this row's send queue. */
  readonly queued: Int32Array
  /** What is read and written: the TLS socket where there is TLS. Null once it has closed. */
  readonly stream: (RowSocket | null)[]
  /** The TCP socket below it: only this one can be reset. */
  readonly raw: (RowSocket | null)[]
  readonly #free: Int32Array
  #freeCount: number
  readonly #givenUp: Int32Array
  #givenUpCount = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.phase = new Uint8Array(capacity)
    this.generation = new Uint16Array(capacity)
    this.endReason = new Uint8Array(capacity)
    this.endErrno = new Int32Array(capacity)
    this.overflow = new Uint8Array(capacity)
    this.queued = new Int32Array(capacity)
    this.stream = new Array(capacity).fill(null)
    this.raw = new Array(capacity).fill(null)
    this.#free = Int32Array.from({ length: capacity }, (_, index) => capacity - 1 - index)
    this.#freeCount = capacity
    this.#givenUp = new Int32Array(capacity)
  }

  /** Rows that are not free, given-up ones included. */
  get usedCount(): number {
    return this.capacity - this.#freeCount
  }

  get hasGivenUp(): boolean {
    return this.#givenUpCount > 0
  }

  /** A row for a new connection, NO_SLOT where all are taken. */
  claim(phase: number, raw: RowSocket, stream: RowSocket): Slot {
    if (this.#freeCount === 0) return NO_SLOT
    const slot = this.#free[--this.#freeCount]
    this.phase[slot] = phase
    this.generation[slot]++
    this.endReason[slot] = 0
    this.endErrno[slot] = 0
    this.overflow[slot] = OVERFLOW.NONE
    this.queued[slot] = 0
    this.attach(slot, raw, stream)
    return slot
  }

  attach(slot: Slot, raw: RowSocket, stream: RowSocket): void {
    raw[SLOT] = slot
    stream[SLOT] = slot
    this.raw[slot] = raw
    this.stream[slot] = stream
  }

  /** The row's socket is gone; the row stays out of use until releaseGivenUp(). */
  giveUp(slot: Slot): void {
    this.phase[slot] = PHASE.GIVEN_UP
    this.stream[slot] = null
    this.raw[slot] = null
    this.#givenUp[this.#givenUpCount++] = slot
  }

  /** At the end of a turn: no batch names these rows any more. */
  releaseGivenUp(): void {
    for (let index = 0; index < this.#givenUpCount; index++) {
      const slot = this.#givenUp[index]
      this.phase[slot] = PHASE.FREE
      this.#free[this.#freeCount++] = slot
    }
    this.#givenUpCount = 0
  }

  /** True where the handler may use the slot. */
  isHandlers(slot: Slot): boolean {
    const phase = this.phase[slot]
    return phase === PHASE.OPEN || phase === PHASE.CONNECTING
  }
}
