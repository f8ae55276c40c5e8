/**
 * Connections that were given up and wait for their peer to take the last bytes and end its side.
 * The time is the same for all, so deadlines come in order and a plain queue serves: one interval
 * timer while it is not empty, none otherwise.
 */
import { type ConnectionTable, PHASE } from './connection-table.ts'
import type { Slot } from './socket-engine.ts'

const SWEEPS_PER_LINGER = 8

const ENTRIES_AT_START = 64

/**
 *   entry │ slot i32 │ generation u16 │ deadline f64      a ring: #first … #first + #count - 1
 */
export class LingerQueue {
  readonly #lingerMs: number
  readonly #table: ConnectionTable
  readonly #onExpired: (slot: Slot) => void
  #slots = new Int32Array(ENTRIES_AT_START)
  #generations = new Uint16Array(ENTRIES_AT_START)
  #deadlinesMs = new Float64Array(ENTRIES_AT_START)
  #first = 0
  #count = 0
  #timer: NodeJS.Timeout | undefined

  constructor(lingerMs: number, table: ConnectionTable, onExpired: (slot: Slot) => void) {
    this.#lingerMs = lingerMs
    this.#table = table
    this.#onExpired = onExpired
  }

  push(slot: Slot): void {
    if (this.#count === this.#slots.length) this.#grow()
    const at = (this.#first + this.#count) % this.#slots.length
    this.#slots[at] = slot
    this.#generations[at] = this.#table.generationOf(slot)
    this.#deadlinesMs[at] = performance.now() + this.#lingerMs
    this.#count++
    this.#timer ??= setInterval(
      () => this.#sweep(),
      Math.max(10, this.#lingerMs / SWEEPS_PER_LINGER),
    )
    this.#timer.unref()
  }

  destroy(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    const now = performance.now()
    while (this.#count > 0 && this.#deadlinesMs[this.#first] <= now) {
      const slot = this.#slots[this.#first]
      const generation = this.#generations[this.#first]
      this.#first = (this.#first + 1) % this.#slots.length
      this.#count--
      if (this.#table.generationOf(slot) !== generation) continue
      const phase = this.#table.phaseOf[slot]
      const waits =
        phase === PHASE.FLUSHING || phase === PHASE.LINGERING || phase === PHASE.PEER_ENDED
      if (waits) this.#onExpired(slot)
    }
    if (this.#count > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #grow(): void {
    const { length } = this.#slots
    const slots = new Int32Array(length * 2)
    const generations = new Uint16Array(length * 2)
    const deadlinesMs = new Float64Array(length * 2)
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#first + i) % length
      slots[i] = this.#slots[at]
      generations[i] = this.#generations[at]
      deadlinesMs[i] = this.#deadlinesMs[at]
    }
    this.#slots = slots
    this.#generations = generations
    this.#deadlinesMs = deadlinesMs
    this.#first = 0
  }
}
