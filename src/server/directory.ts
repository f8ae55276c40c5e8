/**
 * Where every connected device is: device id → shard, slot, generation. Open addressing on the
 * 64-bit keyed hash of the id (sip-hash.ts); the id itself lies with its shard, which checks it
 * where that matters.
 *
 *   row │ hash high u32 │ hash low u32 │ slot u32 │ shard u16 │ generation u16
 *     5 │    0x9f3a…    │   0x11c0…    │       17 │         1 │              3
 *
 * 16 bytes a row, at most two thirds full: 24–48 bytes a device. Grows by doubling, because a hash
 * table that is large from the start would touch a page for every device. Removal shifts the rows
 * behind back, so nothing piles up.
 */

const ROWS_AT_START = 1024
const FREE_SHARD = 0xffff

export class Directory {
  /** Of the row that find() or put() met. */
  shard = 0
  slot = 0
  generation = 0
  sessionId = 0

  #count = 0
  #mask = ROWS_AT_START - 1
  #highs = new Uint32Array(ROWS_AT_START)
  #lows = new Uint32Array(ROWS_AT_START)
  #slots = new Uint32Array(ROWS_AT_START)
  #shards = new Uint16Array(ROWS_AT_START).fill(FREE_SHARD)
  #generations = new Uint16Array(ROWS_AT_START)
  #sessionIds = new Uint32Array(ROWS_AT_START)

  get count(): number {
    return this.#count
  }

  /** True: shard, slot and generation are the device's. */
  find(high: number, low: number): boolean {
    const row = this.#rowOf(high, low)
    if (this.#shards[row] === FREE_SHARD) return false
    this.shard = this.#shards[row]
    this.slot = this.#slots[row]
    this.generation = this.#generations[row]
    this.sessionId = this.#sessionIds[row]
    return true
  }

  /**
   * Puts the device there. True: it was elsewhere until now, and shard, slot, generation and
   * sessionId say where and as what.
   */
  put(high: number, low: number, shard: number, slot: number, generation: number): boolean {
    const existed = this.find(high, low)
    if (!existed) {
      if ((this.#count + 1) * 3 > (this.#mask + 1) * 2) this.#grow()
      this.#count++
    }
    const row = this.#rowOf(high, low)
    this.#write(row, high, low, shard, slot, generation, existed ? this.sessionId : 0)
    return existed
  }

  /** Of a device that is here. */
  setSession(high: number, low: number, sessionId: number): void {
    this.#sessionIds[this.#rowOf(high, low)] = sessionId
  }

  /**
   * Removes the device, but only if it is still where the caller means: a newer connection stays.
   */
  remove(high: number, low: number, shard: number, slot: number, generation: number): boolean {
    const row = this.#rowOf(high, low)
    const matches =
      this.#shards[row] === shard &&
      this.#slots[row] === slot &&
      this.#generations[row] === generation
    if (!matches) return false
    this.#shiftBack(row)
    this.#count--
    return true
  }

  /** Forgets every device of a shard (it died); returns how many. */
  removeShard(shard: number): number {
    const before = this.#count
    const { highs, lows, slots, shards, generations, sessionIds } = this.#columns()
    this.#allocate(this.#mask + 1)
    this.#count = 0
    for (let row = 0; row < shards.length; row++) {
      if (shards[row] === FREE_SHARD || shards[row] === shard) continue
      this.put(highs[row], lows[row], shards[row], slots[row], generations[row])
      this.setSession(highs[row], lows[row], sessionIds[row])
    }
    return before - this.#count
  }

  /** Hashes of all devices as they are now: high and low by turns. */
  hashes(): Uint32Array {
    const hashes = new Uint32Array(2 * this.#count)
    let at = 0
    for (let row = 0; row <= this.#mask; row++) {
      if (this.#shards[row] === FREE_SHARD) continue
      hashes[at++] = this.#highs[row]
      hashes[at++] = this.#lows[row]
    }
    return hashes
  }

  #rowOf(high: number, low: number): number {
    let row = low & this.#mask
    while (
      this.#shards[row] !== FREE_SHARD &&
      (this.#lows[row] !== low || this.#highs[row] !== high)
    ) {
      row = (row + 1) & this.#mask
    }
    return row
  }

  #write(
    row: number,
    high: number,
    low: number,
    shard: number,
    slot: number,
    generation: number,
    sessionId: number,
  ): void {
    this.#highs[row] = high
    this.#lows[row] = low
    this.#shards[row] = shard
    this.#slots[row] = slot
    this.#generations[row] = generation
    this.#sessionIds[row] = sessionId
  }

  /**
   * Frees a row and moves back whatever was pushed behind it by linear probing (Knuth, vol. 3, 6.4,
   * algorithm R).
   */
  #shiftBack(freed: number): void {
    let hole = freed
    let row = freed
    for (;;) {
      row = (row + 1) & this.#mask
      if (this.#shards[row] === FREE_SHARD) break
      const home = this.#lows[row] & this.#mask
      const reachesHole = hole <= row ? home <= hole || home > row : home <= hole && home > row
      if (!reachesHole) continue
      this.#write(
        hole,
        this.#highs[row],
        this.#lows[row],
        this.#shards[row],
        this.#slots[row],
        this.#generations[row],
        this.#sessionIds[row],
      )
      hole = row
    }
    this.#shards[hole] = FREE_SHARD
  }

  #grow(): void {
    const { highs, lows, slots, shards, generations, sessionIds } = this.#columns()
    this.#allocate((this.#mask + 1) * 2)
    for (let row = 0; row < shards.length; row++) {
      if (shards[row] === FREE_SHARD) continue
      const to = this.#rowOf(highs[row], lows[row])
      this.#write(
        to,
        highs[row],
        lows[row],
        shards[row],
        slots[row],
        generations[row],
        sessionIds[row],
      )
    }
  }

  #columns() {
    return {
      highs: this.#highs,
      lows: this.#lows,
      slots: this.#slots,
      shards: this.#shards,
      generations: this.#generations,
      sessionIds: this.#sessionIds,
    }
  }

  #allocate(rows: number): void {
    this.#mask = rows - 1
    this.#highs = new Uint32Array(rows)
    this.#lows = new Uint32Array(rows)
    this.#slots = new Uint32Array(rows)
    this.#shards = new Uint16Array(rows).fill(FREE_SHARD)
    this.#generations = new Uint16Array(rows)
    this.#sessionIds = new Uint32Array(rows)
  }
}
