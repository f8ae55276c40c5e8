/**
 * The longest pauses of one kind with their times, so that a latency spike can be laid beside them:
 * the distribution of pauses says how long, not when. Bounded: a short pause gives way to a longer
 * one, and one of yesterday to any. Costs 1 KiB, and a scan of 64 numbers for a pause above 1 ms.
 */
const KEPT_MAX = 64
/** Shorter pauses explain no spike that anybody looks for. */
const PAUSE_US_MIN = 1_000
const KEPT_US_MAX = 24 * 3_600 * 1e6

export class LongestPauses {
  readonly #startsUs = new Float64Array(KEPT_MAX)
  readonly #lengthsUs = new Float64Array(KEPT_MAX)
  #kept = 0

  /** @param startUs on the clock of nowUs() */
  add(startUs: number, lengthUs: number): void {
    if (lengthUs < PAUSE_US_MIN) return
    const row = this.#kept < KEPT_MAX ? this.#kept++ : this.#rowToReplace(startUs, lengthUs)
    if (row < 0) return
    this.#startsUs[row] = startUs
    this.#lengthsUs[row] = lengthUs
  }

  /** start, length, start, length … in µs, in no order. A fresh array. */
  pairs(): Float64Array {
    const pairs = new Float64Array(this.#kept * 2)
    for (let row = 0; row < this.#kept; row++) {
      pairs[row * 2] = this.#startsUs[row]
      pairs[row * 2 + 1] = this.#lengthsUs[row]
    }
    return pairs
  }

  /** -1 where all that is kept is younger than a day and longer. */
  #rowToReplace(startUs: number, lengthUs: number): number {
    let shortest = 0
    for (let row = 0; row < KEPT_MAX; row++) {
      if (startUs - this.#startsUs[row] > KEPT_US_MAX) return row
      if (this.#lengthsUs[row] < this.#lengthsUs[shortest]) shortest = row
    }
    return this.#lengthsUs[shortest] < lengthUs ? shortest : -1
  }
}
