/**
 * A distribution in some twenty coarse buckets as a short text, for the heat map of a run: a
 * lossless histogram per second would make the report of a day 100 MB. Four buckets to each
 * doubling, so a bucket is 19 % wide.
 *
 *   bucket │ µs              "36:5,,12" = 5 in bucket 36, none in 37, 12 in 38
 *        0 │ 1
 *       36 │ 512 … 608
 *       40 │ 1,024 … 1,217
 */
import type { LatencyRecorder } from './latency-recorder.ts'

const BUCKETS_PER_DOUBLING = 4
/** The last one holds an hour. */
export const COARSE_BUCKETS = 128

export interface CoarseBuckets {
  /** Bucket of the first count. */
  readonly first: number
  readonly counts: readonly number[]
}

export function coarseBucketOf(us: number): number {
  if (us < 1) return 0
  // Without the grain, log2 of a bucket's own lower end may fall just below it.
  return Math.min(COARSE_BUCKETS - 1, Math.floor(Math.log2(us) * BUCKETS_PER_DOUBLING + 1e-9))
}

/** Lower end in µs; the upper end is that of the next. */
export function coarseBucketUs(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_DOUBLING)
}

/** null where nothing was recorded. */
export function coarseText(recorder: LatencyRecorder): string | null {
  const counts: number[] = []
  let first = -1
  for (const [us, count] of recorder.counts()) {
    const bucket = coarseBucketOf(us)
    if (first < 0) first = bucket
    counts[bucket - first] = (counts[bucket - first] ?? 0) + count
  }
  return first < 0 ? null : textOfBuckets({ first, counts: Array.from(counts, (n) => n ?? 0) })
}

export function textOfBuckets({ first, counts }: CoarseBuckets): string {
  return `${first}:${counts.map((count) => (count === 0 ? '' : count)).join(',')}`
}

/** null where the text is no such text: a report comes from anybody. */
export function bucketsOfText(text: string): CoarseBuckets | null {
  const match = /^(\d{1,3}):(\d*(?:,\d*)*)$/.exec(text)
  if (match === null) return null
  const first = Number(match[1])
  const counts = match[2].split(',').map(Number)
  return first + counts.length > COARSE_BUCKETS ? null : { first, counts }
}

/** Loses nothing; texts that are none are left out. null where none is left. */
export function mergeBucketTexts(texts: readonly (string | undefined)[]): string | null {
  const sums = new Float64Array(COARSE_BUCKETS)
  for (const text of texts) {
    const { first, counts } = bucketsOfText(text ?? '') ?? { first: 0, counts: [] }
    for (const [index, count] of counts.entries()) sums[first + index] += count
  }
  const first = sums.findIndex((sum) => sum > 0)
  const last = sums.findLastIndex((sum) => sum > 0)
  if (first < 0) return null
  return textOfBuckets({ first, counts: [...sums.subarray(first, last + 1)] })
}

/** Upper end in µs of the bucket that holds this share (0 … 1) of all; 0 where there are none. */
export function coarseQuantileUs({ first, counts }: CoarseBuckets, share: number): number {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0)
  let reached = 0
  for (const [index, count] of counts.entries()) {
    reached += count
    if (count > 0 && reached >= wanted) return Math.round(coarseBucketUs(first + index + 1))
  }
  return 0
}
