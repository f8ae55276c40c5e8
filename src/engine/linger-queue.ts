/**
 * Connections that were given up and wait for their peer to take the last bytes and end its side.
 * The time is the same for all, so deadlines come in order and a plain queue serves: one interval
 * timer while it is not empty, none otherwise.
 */
import { type ConnectionTable, PHASE } from './connection-table.ts'
import type { Slot } from './socket-engine.ts'

const SWEEPS_PER_LINGER = 8

interface Entry {
  readonly slot: Slot
  readonly generation: number
  readonly deadlineMs: number
}

export class LingerQueue {
  readonly #lingerMs: number
  readonly #table: ConnectionTable
  readonly #onExpired: (slot: Slot) => void
  // Objects here are few: only connections that are being closed by us have one.
  #entries: Entry[] = []
  #first = 0
  #timer: NodeJS.Timeout | undefined

  constructor(lingerMs: number, table: ConnectionTable, onExpired: (slot: Slot) => void) {
    this.#lingerMs = lingerMs
    this.#table = table
    this.#onExpired = onExpired
  }

  push(slot: Slot): void {
    this.#entries.push({
      slot,
      generation: this.#table.generationOf(slot),
      deadlineMs: performance.now() + this.#lingerMs,
    })
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
    while (this.#first < this.#entries.length && this.#entries[this.#first].deadlineMs <= now) {
      const { slot, generation } = this.#entries[this.#first++]
      if (this.#table.generationOf(slot) !== generation) continue
      const phase = this.#table.phaseOf[slot]
      const waits =
        phase === PHASE.FLUSHING || phase === PHASE.LINGERING || phase === PHASE.PEER_ENDED
      if (waits) this.#onExpired(slot)
    }
    if (this.#first === this.#entries.length) {
      this.#entries = []
      this.#first = 0
      clearInterval(this.#timer)
      this.#timer = undefined
    } else if (this.#first > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }
}
