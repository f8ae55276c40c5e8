import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divideByWeights, divideEvenly, shareOf } from '../../src/loadgen/work-division.ts'

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

describe('divideEvenly', () => {
  it('gives the rest to the first workers', () => {
    expect(divideEvenly(10, 4)).toEqual([3, 3, 2, 2])
    expect(divideEvenly(2, 4)).toEqual([1, 1, 0, 0])
  })

  it('loses no unit and keeps shares within one of each other', () => {
    fc.assert(
      fc.property(fc.nat(4_000_000), fc.integer({ min: 1, max: 300 }), (whole, parts) => {
        const shares = divideEvenly(whole, parts)
        expect(sum(shares)).toBe(whole)
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('agrees with shareOf, which computes one share without the others', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 50 }), (whole, parts) => {
        const each = Array.from({ length: parts }, (_, part) => shareOf(whole, part, parts))
        expect(each).toEqual(divideEvenly(whole, parts))
      }),
    )
  })

  it('refuses parts that cannot be', () => {
    expect(() => divideEvenly(5, 0)).toThrow('parts must be a whole number of at least 1, got 0')
    expect(() => divideEvenly(-1, 2)).toThrow('whole must be a whole number of at least 0, got -1')
  })
})

describe('divideByWeights', () => {
  it('loses no unit and stays within one unit of the exact part', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(
        fc.nat(4_000_000),
        weights.filter((list) => sum(list) > 0),
        (whole, list) => {
          const shares = divideByWeights(whole, list)
          expect(sum(shares)).toBe(whole)
          shares.forEach((share, index) => {
            expect(Math.abs(share - (whole * list[index]) / sum(list))).toBeLessThanOrEqual(1)
            if (list[index] === 0) expect(share).toBe(0)
          })
        },
      ),
    )
  })

  it('refuses weights that say nothing', () => {
    expect(() => divideByWeights(5, [0, 0])).toThrow('weights must be at least 0')
  })
})
