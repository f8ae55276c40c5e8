import { expect, test } from 'vitest'
import { quantileBounds } from '../../src/report/quantile-noise.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

function upTo(count: number, step: number): LatencyRecorder {
  const recorder = new LatencyRecorder()
  for (let value = 1; value <= count; value++) recorder.recordUs(value * step)
  return recorder
}

test('a percentile lies between its neighbours by rank', () => {
  // Of 1,000 samples, the rank of p50 scatters by √250 ≈ 16, 2.576 times that to each side.
  expect(quantileBounds(upTo(1_000, 1), 50)).toEqual({ lower: 460, upper: 541 })
})

test('more samples make it more certain, and no bound leaves the samples', () => {
  const wide = quantileBounds(upTo(20, 50), 99)
  const narrow = quantileBounds(upTo(1_000, 1), 99)
  expect(wide.upper).toBe(1_000)
  expect(narrow.upper - narrow.lower).toBeLessThan(wide.upper - wide.lower)
  expect(quantileBounds(upTo(1, 7), 50)).toEqual({ lower: 7, upper: 7 })
})
