/**
 * Gives memory back to the system once a storm of connections is over. What its messages needed
 * lies free but resident until somebody asks for it, in the heaps of V8 and of C: some megabytes,
 * for good.
 */
import { collectYoung } from './collect-garbage.ts'
import { loadShim } from './native-shim.ts'

/** Fewer connections leave too little behind to stop for. */
const STORM_CONNECTIONS_MIN = 500

/** Collects this thread's young generation, then malloc_trim(3) where the shim is there. */
export function trimHeap(): void {
  collectYoung()
  const load = loadShim()
  if ('shim' in load) load.shim.trimHeap()
}

export class HeapTrim {
  readonly #trim: () => void
  #seen = 0
  #trimmedAt = 0

  constructor(trim: () => void = trimHeap) {
    this.#trim = trim
  }

  /**
   * Called at intervals with a running total of connections: trims in the first quiet one after a
   * storm.
   */
  observe(total: number): void {
    if (total === this.#seen && total - this.#trimmedAt >= STORM_CONNECTIONS_MIN) {
      this.#trimmedAt = total
      this.#trim()
    }
    this.#seen = total
  }
}
