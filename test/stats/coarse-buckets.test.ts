import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bucketsOfText,
  COARSE_BUCKETS,
  coarseBucketOf,
  coarseBucketUs,
  coarseQuantileUs,
  coarseText,
  mergeBucketTexts,
} from '../../src/stats/coarse-buckets.ts'
import { LATENCY_US_MAX, LatencyRecorder } from '../../src/stats/latency-recorder.ts'

function textOf(...values: number[]): string | null {
  const recorder = new LatencyRecorder()
  for (const value of values) recorder.recordUs(value)
  return coarseText(recorder)
}

test('a distribution is a short text', () => {
  expect(textOf(520, 520, 600, 1_030)).toBe('36:3,,,,1')
  expect(textOf()).toBeNull()
})

test('every latency lies in its bucket, up to an hour', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: LATENCY_US_MAX }), (us) => {
      const bucket = coarseBucketOf(us)
      expect(bucket).toBeLessThan(COARSE_BUCKETS)
      expect(us).toBeGreaterThanOrEqual(coarseBucketUs(bucket) * (1 - 1e-9))
      expect(us).toBeLessThan(coarseBucketUs(bucket + 1))
    }),
  )
})

test('texts of several shards add up to the text of all', () => {
  const values = fc.array(fc.integer({ min: 1, max: 10_000_000 }), { maxLength: 30 })
  fc.assert(
    fc.property(values, values, (left, right) => {
      const merged = mergeBucketTexts([textOf(...left) ?? undefined, textOf(...right) ?? undefined])
      expect(merged).toBe(textOf(...left, ...right))
    }),
  )
})

test('a quantile is known to its bucket', () => {
  const buckets = bucketsOfText(textOf(100, 100, 100, 9_000) ?? '')
  expect(coarseQuantileUs(buckets!, 0.5)).toBe(108)
  expect(coarseQuantileUs(buckets!, 0.99)).toBe(9_742)
  expect(coarseQuantileUs({ first: 0, counts: [0] }, 0.5)).toBe(0)
})

test('what is no such text is refused', () => {
  const texts = ['', 'x', '5', '200:1', '120:1,2,3,4,5,6,7,8,9', '1:a', '1:-1']
  expect(texts.map(bucketsOfText)).toEqual(texts.map(() => null))
})
