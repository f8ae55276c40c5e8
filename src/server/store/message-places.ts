/**
 * Where the store on disk has the payload of a message: in which journal record and at which place
 * of it, or under a key of its own. Two columns by message row, 8 bytes a message.
 */
import { grown } from './device-rows.ts'

export const PLACE = {
  NONE: 0,
  /** It has a key of its own. */
  SPILLED: 0xffffffff,
} as const

const PLACES = PLACE.SPILLED - 1

/** A journal record as a place: records of one time differ in it, though numbers pass 32 bits. */
export function placeOf(journalNumber: number): number {
  return 1 + (journalNumber % PLACES)
}

/** The number of the journal record whose place that is; `oldestNumber`: of the oldest kept. */
export function numberOfPlace(place: number, oldestNumber: number): number {
  return oldestNumber + ((place - placeOf(oldestNumber) + PLACES) % PLACES)
}

export class Places {
  #numbers = new Uint32Array(4096)
  #puts = new Uint32Array(4096)

  /** placeOf() a journal record, or one of PLACE. */
  numberOf(row: number): number {
    return row < this.#numbers.length ? this.#numbers[row] : PLACE.NONE
  }

  putOf(row: number): number {
    return this.#puts[row]
  }

  set(row: number, number: number, put: number): void {
    if (row >= this.#numbers.length) {
      const rows = Math.max(this.#numbers.length * 2, row + 1)
      this.#numbers = grown(this.#numbers, rows)
      this.#puts = grown(this.#puts, rows)
    }
    this.#numbers[row] = number
    this.#puts[row] = put
  }

  clear(row: number): void {
    if (row < this.#numbers.length) this.#numbers[row] = PLACE.NONE
  }
}
