/**
 * Named values that are read by name (UNREAD_RECORD_PREFIX) and stand in the journal only: LevelDB
 * does not know of them yet.
 */
import { UNREAD_RECORD_PREFIX } from './push-store.ts'
import type { StoreRecord } from './write-batch.ts'

interface Newest {
  /** Of the journal record that it stands in. */
  readonly number: number
  /** null: the name is removed. */
  readonly value: Uint8Array | null
}

export class UnreadNames {
  readonly #newest = new Map<string, Newest>()

  note(records: readonly StoreRecord[], number: number): void {
    for (const { key, value } of records) {
      if (key.startsWith(UNREAD_RECORD_PREFIX)) this.#newest.set(key, { number, value })
    }
  }

  /** LevelDB has what stands in that record, and in those before it. */
  forget(number: number): void {
    if (this.#newest.size === 0) return
    for (const [key, newest] of this.#newest) {
      if (newest.number <= number) this.#newest.delete(key)
    }
  }

  /** undefined: nothing newer than what LevelDB has. */
  get(name: string): Uint8Array | null | undefined {
    return this.#newest.get(name)?.value
  }
}
