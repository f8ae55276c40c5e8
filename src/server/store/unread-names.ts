/**
 * Names that are read one by one (UNREAD_RECORD_PREFIX) and whose newest value stands in the
 * journal only, by the number of its record: LevelDB does not know of them yet.
 */
import { UNREAD_RECORD_PREFIX } from './push-store.ts'
import type { StoreRecord } from './write-batch.ts'

export class UnreadNames {
  /** In the order of their numbers. */
  readonly #numbers = new Map<string, number>()

  note(records: readonly StoreRecord[], number: number): void {
    for (const { key } of records) {
      if (!key.startsWith(UNREAD_RECORD_PREFIX)) continue
      this.#numbers.delete(key)
      this.#numbers.set(key, number)
    }
  }

  /** LevelDB has what stands in that record, and in those before it. */
  forget(number: number): void {
    for (const [key, newest] of this.#numbers) {
      if (newest > number) return
      this.#numbers.delete(key)
    }
  }

  /** 0: LevelDB has its newest value. */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? 0
  }
}
