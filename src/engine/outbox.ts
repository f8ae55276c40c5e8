/**
 * The write arena of a shard and the list of what lies in it for whom. Answers of a whole turn are
 * gathered here and sent in one crossing; adjacent answers to the same connection become one entry,
 * and so one system call.
 *
 *   bytes   │WELCOME··│MSG·····│PONG│ free …
 *   entries │ slot 4  │ slot 9 │ 9  │
 */
import type { Slot } from './socket-engine.ts'

const OUTBOX_BYTES = 1 << 20
/** Entries that fit; one send() never has more. */
export const ENTRIES_MAX = 4096

export class Outbox {
  readonly bytes = new Uint8Array(OUTBOX_BYTES)
  readonly slots = new Int32Array(ENTRIES_MAX)
  readonly starts = new Int32Array(ENTRIES_MAX)
  readonly ends = new Int32Array(ENTRIES_MAX)
  count = 0
  /** Sum of all entries. */
  committedBytes = 0
  #used = 0

  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= OUTBOX_BYTES && this.count < ENTRIES_MAX
  }

  /** Offset of the free part; hasRoom() must have been asked. */
  get freeAt(): number {
    return this.#used
  }

  add(slot: Slot, start: number, end: number): void {
    const last = this.count - 1
    this.committedBytes += end - start
    if (end > this.#used) this.#used = end
    if (last >= 0 && this.slots[last] === slot && this.ends[last] === start) {
      this.ends[last] = end
      return
    }
    this.slots[this.count] = slot
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.count++
  }

  clear(): void {
    this.count = 0
    this.committedBytes = 0
    this.#used = 0
  }
}
