import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BUCKET_SECONDS,
  BucketHistogram,
  bucketQuantile,
} from '../../src/stats/bucket-histogram.ts'

describe('a bucket histogram', () => {
  it('counts a duration in the first bucket whose bound it does not pass', () => {
    const histogram = new BucketHistogram()
    for (const us of [0, 100, 101, 10_000_000, 10_000_001]) histogram.recordUs(us)
    const { counts, count, sumSeconds } = histogram.report()
    expect([counts[0], counts[1], counts.at(-2), counts.at(-1)]).toEqual([2, 1, 1, 1])
    expect(count).toBe(5)
    expect(sumSeconds).toBeCloseTo(20.000202, 9)
  })

  it('knows a quantile to its bucket: no value of that share is above it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20_000_000 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (durationsUs, share) => {
          const histogram = new BucketHistogram()
          for (const us of durationsUs) histogram.recordUs(us)
          const sorted = durationsUs.toSorted((a, b) => a - b)
          const exact = sorted[Math.ceil(share * sorted.length) - 1]! / 1e6
          const bound = BUCKET_SECONDS.find((seconds) => exact <= seconds) ?? Infinity
          expect(bucketQuantile(histogram.report(), share)).toBe(bound)
        },
      ),
    )
    expect(bucketQuantile(new BucketHistogram().report(), 0.5)).toBe(0)
  })
})
