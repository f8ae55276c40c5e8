/**
 * The shared write arena of the node engine, and what is committed in it: per row a chain of
 * ranges.
 *
 *   #heads[slot] ─► entry {start, end, next} ─► entry {start, end, -1}
 *   dirty: the rows that have a chain
 *
 * All that a row was given in a turn leaves in one write. The bytes are copied when they leave,
 * because node:net may hold on to a buffer that the kernel refused while the arena is already in
 * use again.
 */
import { OUTBOX_RESERVE_MAX, type Slot } from './socket-engine.ts'

const OUTBOX_BYTES = 4 * OUTBOX_RESERVE_MAX
const ENTRIES_MAX = 16_384
/** Where a chain ends, and the head of a row without one. */
export const NO_ENTRY = -1

export class NodeOutbox {
  readonly bytes = new Uint8Array(OUTBOX_BYTES)
  /**
   * Rows in the order of their first commit. One whose chain was taken already may stand in it,
   * also twice.
   */
  readonly dirty = new Int32Array(ENTRIES_MAX)
  dirtyCount = 0
  #cursor = 0
  #entryCount = 0
  readonly #starts = new Int32Array(ENTRIES_MAX)
  readonly #ends = new Int32Array(ENTRIES_MAX)
  readonly #next = new Int32Array(ENTRIES_MAX)
  readonly #heads: Int32Array
  readonly #tails: Int32Array

  constructor(capacity: number) {
    this.#heads = new Int32Array(capacity).fill(NO_ENTRY)
    this.#tails = new Int32Array(capacity).fill(NO_ENTRY)
  }

  /** Offset of the free part. */
  get cursor(): number {
    return this.#cursor
  }

  get isEmpty(): boolean {
    return this.#entryCount === 0
  }

  /** No further entry fits; flush first. */
  get isFull(): boolean {
    return this.#entryCount === ENTRIES_MAX
  }

  append(slot: Slot, start: number, end: number): void {
    const entry = this.#entryCount++
    this.#starts[entry] = start
    this.#ends[entry] = end
    this.#next[entry] = NO_ENTRY
    if (end > this.#cursor) this.#cursor = end
    if (this.#heads[slot] === NO_ENTRY) {
      this.#heads[slot] = entry
      this.dirty[this.dirtyCount++] = slot
    } else {
      this.#next[this.#tails[slot]] = entry
    }
    this.#tails[slot] = entry
  }

  /** Takes the chain off the row: its first entry, NO_ENTRY where there is none. */
  takeChain(slot: Slot): number {
    const head = this.#heads[slot]
    this.#heads[slot] = NO_ENTRY
    return head
  }

  nextOf(entry: number): number {
    return this.#next[entry]
  }

  bytesOf(entry: number): number {
    return this.#ends[entry] - this.#starts[entry]
  }

  /** Entries from `first` up to, not including, `stop`, as one buffer of their own. */
  copyChain(first: number, stop: number, byteLength: number): Buffer {
    const copy = Buffer.allocUnsafe(byteLength)
    let offset = 0
    for (let entry = first; entry !== stop; entry = this.#next[entry]) {
      copy.set(this.bytes.subarray(this.#starts[entry], this.#ends[entry]), offset)
      offset += this.bytesOf(entry)
    }
    return copy
  }

  /** All chains have been taken: the arena is free again. */
  reset(): void {
    this.dirtyCount = 0
    this.#entryCount = 0
    this.#cursor = 0
  }
}
