import fc from 'fast-check'
import { expect, it } from 'vitest'
import { retryAfterMs, retryDelayMs } from '../../../src/server/upstream/retry-delay.ts'

it('doubles up to half a minute, within its upper half', () => {
  expect([1, 2, 3, 8, 9, 50].map((attempts) => retryDelayMs(attempts, 1))).toEqual([
    200, 400, 800, 25_600, 30_000, 30_000,
  ])
  expect(retryDelayMs(3, 0)).toBe(400)
  const unit = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), unit, (attempts, random) => {
      const delayMs = retryDelayMs(attempts, random)
      return delayMs >= retryDelayMs(attempts, 0) && delayMs <= 30_000
    }),
  )
})

it('waits as long as the receiver asks, but not for ever', () => {
  expect(retryDelayMs(1, 0, retryAfterMs('7'))).toBe(7_000)
  expect(retryDelayMs(1, 0, retryAfterMs('86400'))).toBe(30_000)
  expect(retryDelayMs(1, 0, retryAfterMs('Wed, 21 Oct 2015 07:28:00 GMT'))).toBe(100)
  expect(retryDelayMs(1, 0, retryAfterMs(undefined))).toBe(100)
})
