/**
 * The connection table of the epoll engine: one row per connection, one typed array per column.
 *
 *   slot │ fd i32 │ phase u8 │ generation u16 │ send state u8 │ queue ref,start,end │ kept
 *      0 │     23 │ OPEN     │              7 │ CLEAR         │ ·                   │ ·
 *      1 │     ·  │ FREE     │              3 │ CLEAR         │ ·                   │ ·
 *      2 │     24 │ OPEN     │              1 │ QUEUED        │ 41, 0, 19_200       │ 8, 70
 *
 * 29 bytes a row, of which an idle connection touches 7: memory that nobody wrote to is not
 * resident. A full table is an answer (NO_SLOT), not an exception.
 */
import { NO_SLOT, type Slot } from './socket-engine.ts'

export const PHASE = {
  FREE: 0,
  /** connect() is under way. */
  CONNECTING: 1,
  OPEN: 2,
  /** Given up by its user; what is queued is still being sent. */
  FLUSHING: 3,
  /** Our side is ended; bytes of the peer are discarded until it ends too. */
  LINGERING: 4,
  /** The peer ended its side; what is queued is still being sent. */
  PEER_ENDED: 5,
  /** Broken or finished; the row is freed at the end of the turn. */
  DEAD: 6,
} as const

/** What may be sent to a slot right now; anything but CLEAR makes the shim hold bytes back. */
export const SEND_STATE = {
  CLEAR: 0,
  /** Bytes wait in the queue. Must match SEND_STATE_QUEUED in native/transfer.c. */
  QUEUED: 1,
  /** The queue would have passed its limit; nothing more is taken until onOverflow was called. */
  OVERFLOWED: 2,
  /** onOverflow was called: one last frame is taken. */
  LAST_WORD: 3,
  /** Closed by its user, or broken. */
  GIVEN_UP: 4,
} as const

export class ConnectionTable {
  readonly capacity: number
  /** Shared with the shim, which reads and writes it. */
  readonly fdOf: Int32Array
  /** Shared with the shim too. */
  readonly sendStateOf: Uint8Array
  readonly phaseOf: Uint8Array
  readonly queueRef: Uint32Array
  readonly queueStart: Uint32Array
  readonly queueEnd: Uint32Array
  readonly keptRef: Uint32Array
  readonly keptBytes: Uint32Array
  readonly #generations: Uint16Array
  /** 1: its user closed it after it broke and before it was told, so it is not told any more. */
  readonly #silenced: Uint8Array
  /** Free rows below #neverUsed form a list through fdOf (as ~next). */
  #freeHead: Slot = NO_SLOT
  #neverUsed = 0
  #count = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.fdOf = new Int32Array(capacity)
    this.sendStateOf = new Uint8Array(capacity)
    this.phaseOf = new Uint8Array(capacity)
    this.queueRef = new Uint32Array(capacity)
    this.queueStart = new Uint32Array(capacity)
    this.queueEnd = new Uint32Array(capacity)
    this.keptRef = new Uint32Array(capacity)
    this.keptBytes = new Uint32Array(capacity)
    this.#generations = new Uint16Array(capacity)
    this.#silenced = new Uint8Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  /** Rows that claimSlot() can still give. */
  get freeCount(): number {
    return this.capacity - this.#count
  }

  claimSlot(phase: number): Slot {
    let slot = this.#freeHead
    if (slot !== NO_SLOT) this.#freeHead = ~this.fdOf[slot]
    else if (this.#neverUsed < this.capacity) slot = this.#neverUsed++
    else return NO_SLOT
    this.phaseOf[slot] = phase
    this.fdOf[slot] = -1
    this.#count++
    return slot
  }

  /** The queue and kept blocks must have been given back before. */
  freeSlot(slot: Slot): void {
    if (this.sendStateOf[slot] !== SEND_STATE.CLEAR) this.sendStateOf[slot] = SEND_STATE.CLEAR
    if (this.#silenced[slot] !== 0) this.#silenced[slot] = 0
    this.#generations[slot]++
    this.unclaimSlot(slot)
  }

  /** Gives back a row that was claimed and never used: no one saw it, so its generation stays. */
  unclaimSlot(slot: Slot): void {
    this.phaseOf[slot] = PHASE.FREE
    this.fdOf[slot] = ~this.#freeHead
    this.#freeHead = slot
    this.#count--
  }

  generationOf(slot: Slot): number {
    return this.#generations[slot]
  }

  /** Is it a connection that its user may still name? */
  isUsable(slot: Slot): boolean {
    const phase = this.phaseOf[slot]
    return phase === PHASE.OPEN || phase === PHASE.CONNECTING
  }

  silence(slot: Slot): void {
    if (this.phaseOf[slot] !== PHASE.FREE && slot < this.capacity) this.#silenced[slot] = 1
  }

  isSilenced(slot: Slot): boolean {
    return this.#silenced[slot] === 1
  }

  /** 0 also for a slot that does not exist. */
  queuedBytesOf(slot: Slot): number {
    return (this.queueEnd[slot] - this.queueStart[slot]) | 0
  }
}
