import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TokenBucket } from '../../../src/server/guard/token-bucket.ts'

it('starts full, earns with time and keeps no more than its burst', () => {
  const bucket = new TokenBucket(100, 10, 0)
  expect(bucket.available(0)).toBe(10)
  bucket.take(10, 0)
  expect([bucket.available(0), bucket.available(9), bucket.available(50)]).toEqual([0, 0, 5])
  expect(bucket.available(60_000)).toBe(10)
})

it('earns its debt back before anything is available, and says how long that takes', () => {
  const bucket = new TokenBucket(100, 10, 0)
  bucket.take(30, 0)
  expect([bucket.available(0), bucket.msUntil(1)]).toEqual([-20, 210])
  expect(bucket.available(210)).toBe(1)
  expect(bucket.msUntil(1)).toBe(0)
})

it('earns at a new rate from then on only', () => {
  const bucket = new TokenBucket(10, 100, 0)
  bucket.take(100, 0)
  bucket.setRate(1000, 1_000)
  expect(bucket.available(1_000)).toBe(10)
  expect(bucket.available(1_050)).toBe(60)
})

it('gives out its burst and its rate over any time, and never more', () => {
  const waits = fc.array(fc.integer({ min: -5, max: 400 }), { maxLength: 100 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), waits, (perSecond, list) => {
      const burst = 50
      const bucket = new TokenBucket(perSecond, burst, 0)
      let nowMs = 0
      let latestMs = 0
      let granted = 0
      for (const wait of list) {
        nowMs += wait
        latestMs = Math.max(latestMs, nowMs)
        const available = bucket.available(nowMs)
        bucket.take(available, nowMs)
        granted += available
      }
      // Steps back of the clock are earned again: at most 5 ms each.
      const slackMs = list.filter((wait) => wait < 0).length * 5
      const earned = ((latestMs + slackMs) * perSecond) / 1000
      expect(granted).toBeLessThanOrEqual(burst + earned + 1e-6)
      expect(bucket.available(nowMs)).toBeLessThanOrEqual(burst)
    }),
  )
})

it('loses no fraction: a busy bucket gives out exactly its rate', () => {
  const bucket = new TokenBucket(333, 1_000, 0)
  bucket.take(1_000, 0)
  let granted = 0
  for (let ms = 1; ms <= 60_000; ms++) {
    const available = bucket.available(ms)
    bucket.take(available, ms)
    granted += available
  }
  expect(granted).toBe(333 * 60)
})

it('does not count a rest twice: what is taken from a full bucket is earned anew', () => {
  const bucket = new TokenBucket(1_000, 100, 0)
  bucket.take(100, 60_000)
  expect(bucket.available(60_020)).toBe(20)
})
