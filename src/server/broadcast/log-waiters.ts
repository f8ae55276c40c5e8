/**
 * Devices that wait for payloads of the log which the shard does not have at hand, first come first
 * served. A row names the device, from where it lacks messages and how many it asked for.
 *
 *   row │ slot │ generation │ after seq │ count max
 *     0 │   17 │          3 │        42 │ 100
 */
import type { Slot } from '../../engine/socket-engine.ts'
import { grown } from '../store/device-rows.ts'

const ROWS_AT_START = 64

export class LogWaiters {
  slots = new Int32Array(ROWS_AT_START)
  generations = new Uint16Array(ROWS_AT_START)
  afterSeqs = new Float64Array(ROWS_AT_START)
  countMaxes = new Float64Array(ROWS_AT_START)
  #first = 0
  #end = 0

  get count(): number {
    return this.#end - this.#first
  }

  /** Rows from `first` on wait. */
  get first(): number {
    return this.#first
  }

  add(slot: Slot, generation: number, afterSeq: number, countMax: number): void {
    if (this.#end === this.slots.length) this.#makeRoom()
    const row = this.#end++
    this.slots[row] = slot
    this.generations[row] = generation
    this.afterSeqs[row] = afterSeq
    this.countMaxes[row] = countMax
  }

  /** The row of the first of them, which goes; good until the next add(). */
  take(): number {
    return this.#first++
  }

  #makeRoom(): void {
    const { count } = this
    if (2 * count > this.slots.length) {
      const rows = 2 * this.slots.length
      this.slots = grown(this.slots, rows)
      this.generations = grown(this.generations, rows)
      this.afterSeqs = grown(this.afterSeqs, rows)
      this.countMaxes = grown(this.countMaxes, rows)
    }
    for (const column of [this.slots, this.generations, this.afterSeqs, this.countMaxes]) {
      column.copyWithin(0, this.#first, this.#end)
    }
    this.#first = 0
    this.#end = count
  }
}
