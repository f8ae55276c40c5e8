/**
 * Connections that must be over by a certain time: closing ones (lingerMs) and unfinished TLS
 * handshakes. All entries of one queue wait equally long, so a first-in-first-out list and a single
 * timer are enough. The cost is that an entry outlives its connection; the generation tells such an
 * entry from the slot's next user.
 */
import type { Slot } from './socket-engine.ts'

export class Deadlines {
  readonly #waitMs: number
  readonly #onDue: (slot: Slot, generation: number) => void
  /** Triples: slot, generation, due time on the monotonic clock (ms). Consumed from #first on. */
  #entries: number[] = []
  #first = 0
  #timer: NodeJS.Timeout | null = null
  readonly #sweep: () => void

  constructor(waitMs: number, onDue: (slot: Slot, generation: number) => void) {
    this.#waitMs = waitMs
    this.#onDue = onDue
    this.#sweep = () => this.#runDue()
  }

  add(slot: Slot, generation: number): void {
    this.#entries.push(slot, generation, performance.now() + this.#waitMs)
    this.#timer ??= this.#arm(this.#waitMs)
  }

  clear(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#entries = []
    this.#first = 0
  }

  #runDue(): void {
    this.#timer = null
    const nowMs = performance.now()
    const entries = this.#entries
    while (this.#first < entries.length && entries[this.#first + 2] <= nowMs) {
      const slot = entries[this.#first]
      const generation = entries[this.#first + 1]
      this.#first += 3
      this.#onDue(slot, generation)
    }
    if (this.#first === entries.length) return this.clear()
    if (this.#first > entries.length / 2) {
      this.#entries = entries.slice(this.#first)
      this.#first = 0
    }
    this.#timer = this.#arm(this.#entries[this.#first + 2] - nowMs)
  }

  /** Does not keep the process alive: the sockets do that as long as there are any. */
  #arm(waitMs: number): NodeJS.Timeout {
    return setTimeout(this.#sweep, Math.max(1, Math.ceil(waitMs))).unref()
  }
}
