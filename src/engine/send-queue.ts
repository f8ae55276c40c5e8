/**
 * Bytes that the kernel refused, one block of the slab per connection that has any. The block is
 * given back the moment it is empty, so a connection whose peer reads costs nothing. Whole entries
 * are refused above the limit, never parts: the stream stays whole up to there, and a last frame
 * (BYE) can follow.
 */
import { type ByteSlab, NO_BLOCK } from './byte-slab.ts'
import { type ConnectionTable, SEND_STATE } from './connection-table.ts'
import { OVERFLOW_GRACE_BYTES, type Slot } from './socket-engine.ts'

export const APPEND = { DONE: 0, OVERFLOW: 1, NO_BUFFER: 2, IGNORED: 3 } as const

export class SendQueue {
  readonly #table: ConnectionTable
  readonly #slab: ByteSlab
  readonly #bytesMax: number

  constructor(table: ConnectionTable, slab: ByteSlab, bytesMax: number) {
    this.#table = table
    this.#slab = slab
    this.#bytesMax = bytesMax
  }

  /**
   * `mustFit`: the rest of an entry that was sent in part is taken above the limit too, or the
   * stream would be cut.
   */
  append(slot: Slot, bytes: Uint8Array, start: number, end: number, mustFit: boolean): number {
    const table = this.#table
    const state = table.sendStateOf[slot]
    if (state === SEND_STATE.OVERFLOWED || state === SEND_STATE.GIVEN_UP) return APPEND.IGNORED
    const queued = table.queuedBytesOf(slot)
    const limit = this.#bytesMax + (state === SEND_STATE.LAST_WORD ? OVERFLOW_GRACE_BYTES : 0)
    if (!mustFit && queued + end - start > limit) {
      if (state === SEND_STATE.LAST_WORD) return APPEND.IGNORED
      table.sendStateOf[slot] = SEND_STATE.OVERFLOWED
      return APPEND.OVERFLOW
    }
    if (!this.#makeRoom(slot, end - start)) return APPEND.NO_BUFFER
    const ref = table.queueRef[slot]
    const page = this.#slab.bytesOf(ref)
    page.set(bytes.subarray(start, end), this.#slab.offsetOf(ref) + table.queueEnd[slot])
    table.queueEnd[slot] += end - start
    if (state === SEND_STATE.CLEAR) table.sendStateOf[slot] = SEND_STATE.QUEUED
    return APPEND.DONE
  }

  /** The peer took `count` bytes. True when nothing waits any more. */
  consume(slot: Slot, count: number): boolean {
    const table = this.#table
    table.queueStart[slot] += count
    if (table.queueStart[slot] < table.queueEnd[slot]) return false
    this.drop(slot)
    if (table.sendStateOf[slot] === SEND_STATE.QUEUED) table.sendStateOf[slot] = SEND_STATE.CLEAR
    return true
  }

  drop(slot: Slot): void {
    const table = this.#table
    if (table.queueRef[slot] === NO_BLOCK) return
    this.#slab.free(table.queueRef[slot])
    table.queueRef[slot] = NO_BLOCK
    table.queueStart[slot] = 0
    table.queueEnd[slot] = 0
  }

  #makeRoom(slot: Slot, bytes: number): boolean {
    const table = this.#table
    const slab = this.#slab
    const oldRef = table.queueRef[slot]
    const start = table.queueStart[slot]
    const queued = table.queueEnd[slot] - start
    if (oldRef !== NO_BLOCK) {
      const capacity = slab.capacityOf(oldRef)
      if (table.queueEnd[slot] + bytes <= capacity) return true
      // Moving is worth it only where it frees half of the block, or every append would move
      // everything.
      if (queued + bytes <= capacity && start >= capacity / 2) {
        const at = slab.offsetOf(oldRef)
        slab.bytesOf(oldRef).copyWithin(at, at + start, at + start + queued)
        table.queueStart[slot] = 0
        table.queueEnd[slot] = queued
        return true
      }
    }
    const ref = slab.allocate(queued + bytes)
    if (ref === NO_BLOCK) return false
    if (oldRef !== NO_BLOCK) {
      const from = slab.offsetOf(oldRef) + start
      slab.bytesOf(ref).set(slab.bytesOf(oldRef).subarray(from, from + queued), slab.offsetOf(ref))
      slab.free(oldRef)
    }
    table.queueRef[slot] = ref
    table.queueStart[slot] = 0
    table.queueEnd[slot] = queued
    return true
  }
}
