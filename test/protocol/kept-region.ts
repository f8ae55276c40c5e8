/**
 * Presents bytes as an engine does: what was kept last time, directly followed by what is new,
 * somewhere in a larger arena. The arena around the region holds random canaries, so a reader that
 * writes outside fails here, and one that reads outside gives different events each time.
 */
const MARGIN_BYTES = 40

export class KeptRegion {
  #kept = new Uint8Array(0)

  get keptBytes(): number {
    return this.#kept.length
  }

  /** `consume` returns keepFrom. */
  present(
    chunk: Uint8Array,
    consume: (bytes: Uint8Array, start: number, end: number) => number,
  ): void {
    const start = MARGIN_BYTES + Math.floor(Math.random() * 4)
    const end = start + this.#kept.length + chunk.length
    const arena = new Uint8Array(end + MARGIN_BYTES)
    crypto.getRandomValues(arena.subarray(0, start))
    crypto.getRandomValues(arena.subarray(end))
    arena.set(this.#kept, start)
    arena.set(chunk, start + this.#kept.length)
    const before = arena.slice(0, start)
    const behind = arena.slice(end)
    const keepFrom = consume(arena, start, end)
    // Plain throws: this runs once per byte of a case, and an assertion object each time
    // would be most of the cost.
    if (Buffer.compare(arena.subarray(0, start), before) !== 0)
      throw new Error('wrote before start')
    if (Buffer.compare(arena.subarray(end), behind) !== 0) throw new Error('wrote behind end')
    if (!(keepFrom >= start && keepFrom <= end)) throw new Error(`keeps from ${keepFrom}`)
    this.#kept = arena.slice(keepFrom, end)
  }
}

/** `bytes` cut at the offsets in `cuts`, which need not be sorted. */
export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const offsets = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  )
  let from = 0
  return offsets.map((offset) => {
    const chunk = bytes.subarray(from, offset)
    from = offset
    return chunk
  })
}

export function oneByOne(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}
