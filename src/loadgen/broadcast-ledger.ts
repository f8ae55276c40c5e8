/**
 * When each broadcast arrived: first, last, how many, one row per broadcast of the run, columns
 * grown by doubling.
 *
 *   seq │ count f64 │ firstUs f64 │ lastUs f64 │ intendedUs f64 │ writtenUs f64
 *     1 │     5_000 │    81.20e9  │   81.21e9  │      81.199e9  │      81.199e9
 *     2 │         0 │         ·   │         ·  │             ·  │             ·     not come
 *
 * 40 bytes a broadcast. Shards hand their columns over at the end; merging takes the earliest first
 * and the latest last.
 */
const CAPACITY_START = 256
/**
 * A run of more broadcasts than this is no broadcast load any more; later ones are counted, but
 * have no row.
 */
export const BROADCASTS_MAX = 4_000_000

export interface BroadcastColumns {
  readonly count: Float64Array
  readonly firstUs: Float64Array
  readonly lastUs: Float64Array
  readonly intendedUs: Float64Array
  readonly writtenUs: Float64Array
}

export class BroadcastLedger {
  #columns = emptyColumns(CAPACITY_START)
  #length = 0

  /** Rows in use: the largest seq seen. */
  get length(): number {
    return this.#length
  }

  /** `count` connections received broadcast `seq` (from 1) in a batch that was read at `atUs`. */
  record(seq: number, count: number, atUs: number, intendedUs: number, writtenUs: number): void {
    if (seq < 1 || seq > BROADCASTS_MAX) return
    if (seq > this.#columns.count.length) this.#grow(seq)
    if (seq > this.#length) this.#length = seq
    const columns = this.#columns
    const index = seq - 1
    if (columns.count[index] === 0) {
      columns.firstUs[index] = atUs
      columns.lastUs[index] = atUs
      columns.intendedUs[index] = intendedUs
      columns.writtenUs[index] = writtenUs
    }
    columns.count[index] += count
    if (atUs < columns.firstUs[index]) columns.firstUs[index] = atUs
    if (atUs > columns.lastUs[index]) columns.lastUs[index] = atUs
  }

  /** Copies of the used rows: plain, may be posted. */
  columns(): BroadcastColumns {
    const { count, firstUs, lastUs, intendedUs, writtenUs } = this.#columns
    return {
      count: count.slice(0, this.#length),
      firstUs: firstUs.slice(0, this.#length),
      lastUs: lastUs.slice(0, this.#length),
      intendedUs: intendedUs.slice(0, this.#length),
      writtenUs: writtenUs.slice(0, this.#length),
    }
  }

  merge(other: BroadcastColumns): void {
    for (let index = 0; index < other.count.length; index++) {
      const count = other.count[index]
      if (count === 0) continue
      const { intendedUs, writtenUs } = other
      this.record(index + 1, count, other.firstUs[index], intendedUs[index], writtenUs[index])
      // The count is in; only the later end of the interval is missing.
      this.record(index + 1, 0, other.lastUs[index], intendedUs[index], writtenUs[index])
    }
  }

  #grow(length: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(length))
    const larger = emptyColumns(capacity)
    for (const name of Object.keys(larger) as (keyof BroadcastColumns)[]) {
      larger[name].set(this.#columns[name])
    }
    this.#columns = larger
  }
}

function emptyColumns(capacity: number): BroadcastColumns {
  return {
    count: new Float64Array(capacity),
    firstUs: new Float64Array(capacity),
    lastUs: new Float64Array(capacity),
    intendedUs: new Float64Array(capacity),
    writtenUs: new Float64Array(capacity),
  }
}
