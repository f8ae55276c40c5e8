import fc from 'fast-check'
import { expect, it } from 'vitest'
import { divideByWeight } from '../../src/server/device-move.ts'

it('divides a number without loss, and asks of nobody more than there is', () => {
  const weights = fc.array(fc.nat(1_000_000), { maxLength: 64 })
  fc.assert(
    fc.property(fc.nat(5_000_000), weights, (total, each) => {
      const shares = divideByWeight(total, each)
      const all = each.reduce((sum, weight) => sum + weight, 0)
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(Math.min(total, all))
      for (const [i, share] of shares.entries()) {
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(each[i]!)
      }
    }),
  )
})

it('divides by weight', () => {
  expect(divideByWeight(100, [3_000, 1_000, 0])).toEqual([75, 25, 0])
})
