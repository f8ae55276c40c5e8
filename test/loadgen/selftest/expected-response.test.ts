import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  expectedResponseUs,
  percentileOf,
} from '../../../src/loadgen/selftest/expected-response.ts'

const stall = { fromUs: 10_000, untilUs: 20_000 }

describe('the response that a client must see', () => {
  it.each([
    ['is the delay without a stall', 5_000, 3_000, null, 3_000],
    ['is the delay where both ends lie before the stall', 5_000, 3_000, stall, 3_000],
    ['is the delay after the stall', 20_000, 3_000, stall, 3_000],
    [
      'lasts until the end of the stall where the answer was due in it',
      8_000,
      3_000,
      stall,
      12_000,
    ],
    [
      'counts the rest of the stall and the delay where it was due in it',
      12_000,
      3_000,
      stall,
      11_000,
    ],
    ['counts all of the stall at its beginning', 10_000, 3_000, stall, 13_000],
    ['is not stopped by a stall that lies between due and answer', 9_000, 30_000, stall, 30_000],
  ])('%s', (_, intendedUs, delayUs, during, response) => {
    expect(expectedResponseUs(intendedUs, delayUs, during)).toBe(response)
  })

  it('is never shorter than the delay', () => {
    fc.assert(
      fc.property(fc.nat(30_000), fc.nat(50_000), (intendedUs, delayUs) => {
        expect(expectedResponseUs(intendedUs, delayUs, stall)).toBeGreaterThanOrEqual(delayUs)
      }),
    )
  })
})

describe('a percentile of sorted values', () => {
  it('is the smallest value with enough values at or below it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(50, 90, 99, 99.9, 100),
        (values, percentile) => {
          const ascending = Float64Array.from(values).sort()
          const found = percentileOf(ascending, percentile)
          const below = ascending.filter((value) => value <= found).length
          const less = ascending.filter((value) => value < found).length
          expect(below * 100).toBeGreaterThanOrEqual(percentile * values.length - 1e-9)
          expect(less * 100).toBeLessThan(percentile * values.length)
        },
      ),
    )
  })

  it('takes 999 of 1,000 for 99.9 %', () => {
    const thousand = Float64Array.from({ length: 1_000 }, (_, index) => index + 1)
    expect(percentileOf(thousand, 99.9)).toBe(999)
  })

  it('is no number without values', () => {
    expect(percentileOf(new Float64Array(0), 50)).toBeNaN()
  })
})
