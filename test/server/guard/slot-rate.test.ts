import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SlotRate } from '../../../src/server/guard/slot-rate.ts'

it('lets two seconds of the rate through at once, then the rate', () => {
  const rate = new SlotRate(4, 10, 1)
  const taken = (nowMs: number) => {
    let count = 0
    while (rate.take(1, 1, nowMs)) count++
    return count
  }
  expect([taken(1_000), taken(1_000), taken(1_100), taken(2_100)]).toEqual([20, 0, 1, 10])
})

it('counts each slot alone, and a slot that is somebody else’s now from the start', () => {
  const rate = new SlotRate(4, 1, 3)
  for (let index = 0; index < 3; index++) expect(rate.take(1, 1, 0)).toBe(true)
  expect([rate.take(1, 1, 0), rate.take(2, 1, 0)]).toEqual([false, true])
  rate.forget(1)
  expect(rate.take(1, 1, 0)).toBe(true)
})

it('lets one large piece through, however low the rate is', () => {
  const rate = new SlotRate(1, 1_024, 65_536)
  expect([rate.take(0, 65_536, 0), rate.take(0, 1, 0), rate.take(0, 65_536, 64_000)]).toEqual([
    true,
    false,
    true,
  ])
})

it('takes nothing where it refuses', () => {
  const rate = new SlotRate(1, 100, 1)
  expect([rate.take(0, 201, 0), rate.take(0, 200, 0)]).toEqual([false, true])
})

it('lets at most burst and rate through in any stretch of time', () => {
  const arrivals = fc.array(
    fc.record({ waitMs: fc.integer({ min: 0, max: 500 }), units: fc.integer({ min: 1, max: 30 }) }),
    { maxLength: 80 },
  )
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 200 }), (list, perSecond) => {
      const rate = new SlotRate(1, perSecond, 10)
      const burst = Math.max(2 * perSecond, 10)
      let nowMs = 0
      const passed: { atMs: number; units: number }[] = []
      for (const { waitMs, units } of list) {
        nowMs += waitMs
        if (rate.take(0, units, nowMs)) passed.push({ atMs: nowMs, units })
      }
      passed.forEach((first, from) => {
        let sum = 0
        for (const { atMs, units } of passed.slice(from)) {
          sum += units
          const most = burst + ((atMs - first.atMs) * perSecond) / 1000
          expect(sum).toBeLessThanOrEqual(most + 1e-3)
        }
      })
    }),
  )
})
