/**
 * Gives memory back to the system once a storm of connections is over. What its messages needed
 * lies free but resident in the C heap until somebody asks for it: some megabytes, for good.
 */
import { loadShim } from './native-shim.ts'

export class HeapTrim {
  #seen = 0
  #trimmedAt = 0

  /** Called at intervals with a running total of connections: trims in the first quiet one. */
  observe(total: number): void {
    if (total === this.#seen && total !== this.#trimmedAt) {
      this.#trimmedAt = total
      const load = loadShim()
      if ('shim' in load) load.shim.trimHeap()
    }
    this.#seen = total
  }
}
