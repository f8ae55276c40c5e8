/**
 * Gives memory back to the system once a storm of connections is over. What its messages needed
 * lies free but resident in the C heap until somebody asks for it: some megabytes, for good.
 */
import { loadShim } from './native-shim.ts'

/** malloc_trim(3) through the shim; nothing where there is none. */
export function trimHeap(): void {
  const load = loadShim()
  if ('shim' in load) load.shim.trimHeap()
}

export class HeapTrim {
  readonly #trim: () => void
  #seen = 0
  #trimmedAt = 0

  constructor(trim: () => void) {
    this.#trim = trim
  }

  /** Called at intervals with a running total of connections: trims in the first quiet one. */
  observe(total: number): void {
    if (total === this.#seen && total !== this.#trimmedAt) {
      this.#trimmedAt = total
      this.#trim()
    }
    this.#seen = total
  }
}
