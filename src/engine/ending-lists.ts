/**
 * Connections whose end was asked for during a turn. Descriptors are closed and rows freed only
 * when the turn is over, so that nothing a batch still names can be somebody else.
 */
import { NO_BLOCK } from './byte-slab.ts'
import { type ConnectionTable, PHASE } from './connection-table.ts'
import { CLOSE_HOW, type NativeShim, type ShimHandle } from './native-shim.ts'
import { SlotList } from './slot-list.ts'
import type { Slot } from './socket-engine.ts'

export class EndingLists {
  readonly #table: ConnectionTable
  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #onFree: (slot: Slot) => void
  readonly #halves = new SlotList()
  readonly #resets = new SlotList()
  readonly #finished = new SlotList()

  constructor(
    table: ConnectionTable,
    shim: NativeShim,
    handle: ShimHandle,
    onFree: (slot: Slot) => void,
  ) {
    this.#table = table
    this.#shim = shim
    this.#handle = handle
    this.#onFree = onFree
  }

  /** Our side ends once nothing is queued. */
  pushHalf(slot: Slot): void {
    this.#halves.push(slot)
  }

  pushReset(slot: Slot): void {
    this.#resets.push(slot)
  }

  pushFinished(slot: Slot): void {
    this.#finished.push(slot)
  }

  /** Carries all of it out; returns how many rows became free. */
  carryOut(): number {
    this.#endOurSides()
    const freed = this.#resets.count + this.#finished.count
    this.#freeAll(this.#resets, CLOSE_HOW.RESET)
    this.#freeAll(this.#finished, CLOSE_HOW.CLOSE)
    return freed
  }

  #endOurSides(): void {
    const { phaseOf, queueRef } = this.#table
    const { slots, count } = this.#halves
    let ready = 0
    for (let i = 0; i < count; i++) {
      const slot = slots[i]
      if (phaseOf[slot] !== PHASE.FLUSHING || queueRef[slot] !== NO_BLOCK) continue
      phaseOf[slot] = PHASE.LINGERING
      slots[ready++] = slot
    }
    this.#halves.clear()
    if (ready > 0) this.#shim.close(this.#handle, slots, ready, CLOSE_HOW.END_OUR_SIDE)
  }

  #freeAll(list: SlotList, how: number): void {
    if (list.count === 0) return
    this.#shim.close(this.#handle, list.slots, list.count, how)
    for (let i = 0; i < list.count; i++) this.#onFree(list.slots[i])
    list.clear()
  }
}
