import fc from 'fast-check'
import { expect, it } from 'vitest'
import { endTimesOf, mergeEndTimes } from '../../src/stats/end-times.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

const timesOf = (ms: readonly number[]) => {
  const recorder = new LatencyRecorder()
  for (const each of ms) recorder.recordUs(each)
  return endTimesOf(recorder, Math.min(...ms), Math.max(...ms))
}

it('times of several hosts are those of all clients together', () => {
  const ms = fc.array(fc.integer({ min: 1, max: 90_000_000 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(ms, ms, ms, (one, two, three) => {
      const merged = mergeEndTimes([timesOf(one), timesOf(two), timesOf(three)])
      expect(merged).toEqual(timesOf([...one, ...two, ...three]))
    }),
    { numRuns: 30 },
  )
})

it('a median is never beyond the shortest or the longest', () => {
  const { min, p50, max } = timesOf([5_001])
  expect([min, p50, max]).toEqual([5_001, 5_001, 5_001])
})
