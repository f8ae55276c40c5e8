/**
 * Durations in the fixed buckets of a Prometheus histogram. Unlike a LatencyRecorder it can be
 * added up over nodes and over time by whoever scrapes it, and costs 150 bytes instead of 184 KiB;
 * the price is that a quantile is only known to its bucket.
 */

/** Upper bounds in seconds: three a decade, from a shared-memory hop to a client's patience. */
export const BUCKET_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const

/** Plain numbers: may travel as JSON. */
export interface BucketReport {
  /** One more than BUCKET_SECONDS: the last holds what was longer. Not cumulative. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sumSeconds: number
}

export class BucketHistogram {
  readonly #counts = new Float64Array(BUCKET_SECONDS.length + 1)
  #count = 0
  #sumUs = 0

  recordUs(us: number): void {
    const seconds = us / 1e6
    let bucket = 0
    while (bucket < BUCKET_SECONDS.length && seconds > BUCKET_SECONDS[bucket]) bucket++
    this.#counts[bucket]++
    this.#count++
    this.#sumUs += Math.max(0, us)
  }

  report(): BucketReport {
    return { counts: [...this.#counts], count: this.#count, sumSeconds: this.#sumUs / 1e6 }
  }
}

/**
 * The upper bound in seconds of the bucket that holds this share (0 … 1) of all; Infinity beyond
 * the last bound, 0 where nothing was recorded.
 */
export function bucketQuantile({ counts, count }: BucketReport, share: number): number {
  if (count === 0) return 0
  let reached = 0
  for (let bucket = 0; bucket < BUCKET_SECONDS.length; bucket++) {
    reached += counts[bucket]
    if (reached >= share * count) return BUCKET_SECONDS[bucket]
  }
  return Number.POSITIVE_INFINITY
}
