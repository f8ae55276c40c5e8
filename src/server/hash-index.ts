/**
 * From a 64-bit keyed hash (sip-hash.ts) to a number of one's own: a row, a sequence number. Only
 * the numbers are stored, because whoever has the row has the hash too.
 *
 *   place │ value u32            0: free
 *       5 │    17      looked for from `low & mask` on, one place after the other
 *
 * It grows by doubling, but moves a few places with each new value: a million devices moved at once
 * would be a pause of 50 ms. Until that is over there are two tables. 8–16 bytes a value.
 */

const PLACES_AT_START = 1024
const FREE = 0
/** In the older of two tables: was removed there, but ends no search. */
const GONE = 0xffffffff
/** The older table is empty long before the newer one is half full. */
const MOVED_PER_INSERT = 8

/** What a value stands for. */
export interface HashKeys {
  isKey(value: number, high: number, low: number): boolean
  lowOf(value: number): number
}

export class HashIndex {
  readonly #keys: HashKeys
  #table = new Uint32Array(PLACES_AT_START)
  #older: Uint32Array | null = null
  /** Below it everything has moved to the newer table. */
  #moved = 0
  #count = 0

  constructor(keys: HashKeys) {
    this.#keys = keys
  }

  get count(): number {
    return this.#count
  }

  /** 0 where there is none. */
  find(high: number, low: number): number {
    const table = this.#table
    const value = table[this.#placeOf(table, 0, high, low)]
    if (value !== FREE || this.#older === null) return value
    const older = this.#older
    return older[this.#placeOf(older, this.#moved, high, low)]
  }

  /** `value` is not 0. Returns what it takes the place of, or 0. */
  put(high: number, low: number, value: number): number {
    const known = this.#replace(high, low, value)
    if (known !== FREE) return known
    if (this.#older !== null) this.#moveSome(this.#older)
    else if (2 * (this.#count + 1) > this.#table.length) this.#grow()
    this.#insert(value, low)
    this.#count++
    return FREE
  }

  /** Returns what was there, or 0. Its key must still be known. */
  remove(high: number, low: number): number {
    const table = this.#table
    const place = this.#placeOf(table, 0, high, low)
    let value = table[place]
    if (value !== FREE) this.#shiftBack(place)
    else if (this.#older !== null) {
      const older = this.#older
      const at = this.#placeOf(older, this.#moved, high, low)
      value = older[at]
      if (value !== FREE) older[at] = GONE
    }
    if (value !== FREE) this.#count--
    return value
  }

  #replace(high: number, low: number, value: number): number {
    const table = this.#table
    const place = this.#placeOf(table, 0, high, low)
    const known = table[place]
    if (known !== FREE) {
      table[place] = value
      return known
    }
    if (this.#older === null) return FREE
    const older = this.#older
    const at = this.#placeOf(older, this.#moved, high, low)
    const knownThere = older[at]
    if (knownThere !== FREE) older[at] = value
    return knownThere
  }

  /** Where it is, or the free place that ends the search. What lies below `from` is skipped. */
  #placeOf(table: Uint32Array, from: number, high: number, low: number): number {
    const mask = table.length - 1
    let at = low & mask
    for (;;) {
      const value = table[at]
      if (value === FREE) return at
      if (at >= from && value !== GONE && this.#keys.isKey(value, high, low)) return at
      at = (at + 1) & mask
    }
  }

  #insert(value: number, low: number): void {
    const table = this.#table
    const mask = table.length - 1
    let at = low & mask
    while (table[at] !== FREE) at = (at + 1) & mask
    table[at] = value
  }

  #grow(): void {
    this.#older = this.#table
    this.#moved = 0
    this.#table = new Uint32Array(2 * this.#older.length)
  }

  #moveSome(older: Uint32Array): void {
    const end = Math.min(older.length, this.#moved + MOVED_PER_INSERT)
    for (let at = this.#moved; at < end; at++) {
      const value = older[at]
      if (value !== FREE && value !== GONE) this.#insert(value, this.#keys.lowOf(value))
    }
    this.#moved = end
    if (end === older.length) this.#older = null
  }

  /** Moves back what was pushed behind the freed place (Knuth, vol. 3, 6.4, algorithm R). */
  #shiftBack(freed: number): void {
    const table = this.#table
    const mask = table.length - 1
    let hole = freed
    for (let at = (freed + 1) & mask; table[at] !== FREE; at = (at + 1) & mask) {
      const home = this.#keys.lowOf(table[at]) & mask
      const reachesHole = hole <= at ? home <= hole || home > at : home <= hole && home > at
      if (!reachesHole) continue
      table[hole] = table[at]
      hole = at
    }
    table[hole] = FREE
  }
}
