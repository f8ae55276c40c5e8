/**
 * Which numbers each connection has received lately, so that a duplicate is told from a late one:
 *
 *   slot │ lastSeq u32 │ recent u32             bit i of recent: number lastSeq - i has come
 *      0 │          17 │ …1111_1011             15 is missing, or late
 *
 * 8 bytes a connection, in memory only once something came: a column that stays zero costs nothing.
 */
import type { Slot } from '../engine/socket-engine.ts'

/** Bits of the column `recent`. */
const WINDOW = 32

export const ARRIVAL = { NEW: 0, LATE: 1, DUPLICATE: 2 } as const
export type Arrival = (typeof ARRIVAL)[keyof typeof ARRIVAL]

export class SequenceWindows {
  readonly #lastSeq: Uint32Array
  readonly #recent: Uint32Array
  /** Of connections that ended, where they are kept. */
  #kept: SequenceWindows | null = null

  constructor(capacity: number) {
    this.#lastSeq = new Uint32Array(capacity)
    this.#recent = new Uint32Array(capacity)
  }

  clear(slot: Slot): void {
    // A write of 0 would make the system give us the memory.
    if (this.#lastSeq[slot] === 0) return
    this.#lastSeq[slot] = 0
    this.#recent[slot] = 0
  }

  /** What `slot` had is kept for whoever takes `place`, of so many. */
  keep(slot: Slot, place: number, places: number): void {
    this.#kept ??= new SequenceWindows(places)
    this.#kept.#lastSeq[place] = this.#lastSeq[slot]
    this.#kept.#recent[place] = this.#recent[slot]
  }

  /** After clear(). */
  restore(slot: Slot, place: number): void {
    if (this.#kept === null) return
    this.#lastSeq[slot] = this.#kept.#lastSeq[place]
    this.#recent[slot] = this.#kept.#recent[place]
  }

  /**
   * Notes that number `seq` (from 1) came. One that is older than the window counts as a duplicate,
   * because loss must never be hidden.
   */
  note(slot: Slot, seq: number): Arrival {
    const lastSeq = this.#lastSeq
    const recent = this.#recent
    const behind = lastSeq[slot] - seq
    if (behind < 0) {
      recent[slot] = behind <= -WINDOW ? 1 : (recent[slot] << -behind) | 1
      lastSeq[slot] = seq
      return ARRIVAL.NEW
    }
    if (behind >= WINDOW || (recent[slot] & (1 << behind)) !== 0) return ARRIVAL.DUPLICATE
    recent[slot] |= 1 << behind
    return ARRIVAL.LATE
  }
}
