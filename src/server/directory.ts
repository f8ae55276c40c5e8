/**
 * Where every connected device is: device id → shard, slot, generation. Rows are found by the
 * 64-bit keyed hash of the id (sip-hash.ts) in an index that grows a few places at a time
 * (hash-index.ts), and lie in pages: a table that moved a million devices at once would stop the
 * node for that long. The id itself lies with its shard, which checks it where that matters.
 *
 *   row │ hash high, low u32 │ slot u32 │ session id u32 │ shard u16, generation u16
 *     5 │  0x9f3a…, 0x11c0…  │       17 │           4411 │              1, 3
 *     6 │         ·          │        9 │              · │           FREE      the next free: 9
 *
 * 20 bytes a row, all that is known of a device in one line of the cache, and 8–16 of the index.
 */
import { HashIndex } from './hash-index.ts'

const PAGE_BITS = 12
const PAGE_ROWS = 1 << PAGE_BITS
const PAGE_MASK = PAGE_ROWS - 1
const FREE_SHARD = 0xffff
const NO_ROW = 0

const FIELDS = 5
const FIELD = { HIGH: 0, LOW: 1, SLOT: 2, SESSION_ID: 3, PLACE: 4 } as const

export class Directory {
  /** Of the row that find() or put() met. */
  shard = 0
  slot = 0
  generation = 0
  sessionId = 0

  readonly #pages: Uint32Array[] = []
  readonly #index = new HashIndex({
    isKey: (row, high, low) => {
      const page = this.#pages[row >>> PAGE_BITS]
      const at = (row & PAGE_MASK) * FIELDS
      return page[at + FIELD.LOW] === low && page[at + FIELD.HIGH] === high
    },
    lowOf: (row) => this.#get(row, FIELD.LOW),
  })
  /** Rows from 1 on were in use; row 0 is nobody. */
  #end = 1
  #firstFree = NO_ROW

  get count(): number {
    return this.#index.count
  }

  /** True: shard, slot and generation are the device's. */
  find(high: number, low: number): boolean {
    const row = this.#index.find(high, low)
    if (row === NO_ROW) return false
    this.#meet(row)
    return true
  }

  /**
   * Puts the device there. True: it was elsewhere until now, and shard, slot, generation and
   * sessionId say where and as what.
   */
  put(high: number, low: number, shard: number, slot: number, generation: number): boolean {
    const known = this.#index.find(high, low)
    if (known !== NO_ROW) this.#meet(known)
    const row = known === NO_ROW ? this.#claim(high, low) : known
    this.#set(row, FIELD.SLOT, slot)
    this.#set(row, FIELD.PLACE, (shard << 16) | generation)
    return known !== NO_ROW
  }

  /** Of a device that is here. */
  setSession(high: number, low: number, sessionId: number): void {
    const row = this.#index.find(high, low)
    if (row !== NO_ROW) this.#set(row, FIELD.SESSION_ID, sessionId)
  }

  /**
   * Removes the device, but only if it is still where the caller means: a newer connection stays.
   */
  remove(high: number, low: number, shard: number, slot: number, generation: number): boolean {
    const row = this.#index.find(high, low)
    const matches =
      row !== NO_ROW &&
      this.#get(row, FIELD.SLOT) === slot &&
      this.#get(row, FIELD.PLACE) === ((shard << 16) | generation) >>> 0
    if (matches) this.#release(row)
    return matches
  }

  /** Forgets every device of a shard (it died); returns how many. */
  removeShard(shard: number): number {
    const before = this.count
    for (let row = 1; row < this.#end; row++) {
      if (this.#shardOf(row) === shard) this.#release(row)
    }
    return before - this.count
  }

  /** Hashes of all devices as they are now: high and low by turns. */
  hashes(): Uint32Array {
    const hashes = new Uint32Array(2 * this.count)
    let at = 0
    for (let row = 1; row < this.#end; row++) {
      if (this.#shardOf(row) === FREE_SHARD) continue
      hashes[at++] = this.#get(row, FIELD.HIGH)
      hashes[at++] = this.#get(row, FIELD.LOW)
    }
    return hashes
  }

  #get(row: number, field: number): number {
    return this.#pages[row >>> PAGE_BITS][(row & PAGE_MASK) * FIELDS + field]
  }

  #set(row: number, field: number, value: number): void {
    this.#pages[row >>> PAGE_BITS][(row & PAGE_MASK) * FIELDS + field] = value
  }

  #shardOf(row: number): number {
    return this.#get(row, FIELD.PLACE) >>> 16
  }

  #meet(row: number): void {
    const page = this.#pages[row >>> PAGE_BITS]
    const at = (row & PAGE_MASK) * FIELDS
    const place = page[at + FIELD.PLACE]
    this.shard = place >>> 16
    this.generation = place & 0xffff
    this.slot = page[at + FIELD.SLOT]
    this.sessionId = page[at + FIELD.SESSION_ID]
  }

  #claim(high: number, low: number): number {
    let row = this.#firstFree
    if (row === NO_ROW) row = this.#end++
    else this.#firstFree = this.#get(row, FIELD.SLOT)
    this.#pages[row >>> PAGE_BITS] ??= new Uint32Array(PAGE_ROWS * FIELDS)
    this.#set(row, FIELD.HIGH, high)
    this.#set(row, FIELD.LOW, low)
    this.#set(row, FIELD.SESSION_ID, 0)
    this.#index.put(high, low, row)
    return row
  }

  #release(row: number): void {
    this.#index.remove(this.#get(row, FIELD.HIGH), this.#get(row, FIELD.LOW))
    this.#set(row, FIELD.PLACE, FREE_SHARD << 16)
    this.#set(row, FIELD.SLOT, this.#firstFree)
    this.#firstFree = row
  }
}
