/**
 * Gathers what sockets deliver during a loop turn, and lays it out in one shared arena, batch by
 * batch: for each row what the handler kept last time, directly followed by the new chunks.
 * The cost against the epoll engine is one copy more: node:net reads into buffers of its own.
 */
import type { ReceiveBatch, Slot } from './socket-engine.ts'

const ARENA_BYTES_MIN = 1024 * 1024
const BATCH_ROWS_MAX = 4096

export class NodeInbox {
  readonly batch: ReceiveBatch
  /** Bytes kept for all rows together. */
  keptBytes = 0
  readonly #arena: Uint8Array
  /** One chunk, which is the usual case, or several. */
  readonly #chunks: (Uint8Array | Uint8Array[] | null)[]
  readonly #kept: (Uint8Array | null)[]
  /** Rows to present: `#waiting` gathers while `#current` is being presented. */
  #waiting: Int32Array
  #waitingCount = 0
  #current: Int32Array
  #currentCount = 0
  #position = 0
  readonly #isWaiting: Uint8Array

  constructor(capacity: number, keptBytesMax: number) {
    const rows = Math.min(capacity, BATCH_ROWS_MAX)
    // Twice what may be kept: beside kept bytes there is always room for new ones.
    this.#arena = new Uint8Array(Math.max(ARENA_BYTES_MIN, 2 * keptBytesMax))
    this.batch = {
      count: 0,
      slots: new Int32Array(rows),
      starts: new Int32Array(rows),
      ends: new Int32Array(rows),
      keepFrom: new Int32Array(rows),
      bytes: this.#arena,
    }
    this.#chunks = new Array(capacity).fill(null)
    this.#kept = new Array(capacity).fill(null)
    this.#waiting = new Int32Array(capacity)
    this.#current = new Int32Array(capacity)
    this.#isWaiting = new Uint8Array(capacity)
  }

  get hasWaiting(): boolean {
    return this.#waitingCount > 0
  }

  /** Takes over the chunk: nobody else may write to it. */
  add(slot: Slot, chunk: Uint8Array): void {
    const chunks = this.#chunks[slot]
    if (chunks === null) this.#chunks[slot] = chunk
    else if (Array.isArray(chunks)) chunks.push(chunk)
    else this.#chunks[slot] = [chunks, chunk]
    this.#queue(slot)
  }

  /**
   * Presents the kept bytes in the next turn although nothing new came; none kept, nothing
   * presented.
   */
  presentAgain(slot: Slot): void {
    this.#queue(slot)
  }

  /** Forgets all of a row that is given up. */
  drop(slot: Slot): void {
    this.#chunks[slot] = null
    this.#takeKept(slot)
  }

  /** Keeps a copy of arena bytes until the row is presented again. */
  keep(slot: Slot, from: number, end: number): void {
    this.#kept[slot] = this.#arena.slice(from, end)
    this.keptBytes += end - from
  }

  /** What arrives from here on waits for the next turn. */
  startTurn(): void {
    const gathered = this.#waiting
    this.#waiting = this.#current
    this.#current = gathered
    this.#currentCount = this.#waitingCount
    this.#waitingCount = 0
    this.#position = 0
    for (let index = 0; index < this.#currentCount; index++) this.#isWaiting[gathered[index]] = 0
  }

  /** Lays out the next batch of this turn; false when there is nothing left. */
  fillBatch(): boolean {
    const { batch } = this
    batch.count = 0
    let cursor = 0
    while (this.#position < this.#currentCount && batch.count < batch.slots.length) {
      const slot = this.#current[this.#position]
      const bytes = (this.#kept[slot]?.length ?? 0) + lengthOf(this.#chunks[slot])
      if (batch.count > 0 && cursor + bytes > this.#arena.length) break
      if (bytes > 0) {
        const end = this.#lay(slot, cursor)
        batch.slots[batch.count] = slot
        batch.starts[batch.count] = cursor
        batch.ends[batch.count] = end
        batch.keepFrom[batch.count] = end
        batch.count++
        cursor = end
      }
      // More than the arena holds: the same row opens the next batch.
      if (this.#chunks[slot] !== null) break
      this.#position++
    }
    return batch.count > 0
  }

  #queue(slot: Slot): void {
    if (this.#isWaiting[slot] === 1) return
    this.#isWaiting[slot] = 1
    this.#waiting[this.#waitingCount++] = slot
  }

  #takeKept(slot: Slot): Uint8Array | null {
    const kept = this.#kept[slot]
    if (kept === null) return null
    this.#kept[slot] = null
    this.keptBytes -= kept.length
    return kept
  }

  /** Copies a row's bytes to the arena, as many as fit, and returns where they end. */
  #lay(slot: Slot, start: number): number {
    let cursor = start
    const kept = this.#takeKept(slot)
    if (kept !== null) {
      this.#arena.set(kept, cursor)
      cursor += kept.length
    }
    const chunks = this.#chunks[slot]
    this.#chunks[slot] = null
    if (chunks === null) return cursor
    const list = Array.isArray(chunks) ? chunks : [chunks]
    for (let index = 0; index < list.length; index++) {
      const chunk = list[index]
      const room = this.#arena.length - cursor
      if (chunk.length > room) {
        this.#arena.set(chunk.subarray(0, room), cursor)
        this.#chunks[slot] = [chunk.subarray(room), ...list.slice(index + 1)]
        return this.#arena.length
      }
      this.#arena.set(chunk, cursor)
      cursor += chunk.length
    }
    return cursor
  }
}

function lengthOf(chunks: Uint8Array | Uint8Array[] | null): number {
  if (chunks === null) return 0
  if (!Array.isArray(chunks)) return chunks.length
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.length
  return bytes
}
