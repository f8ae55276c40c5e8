import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DELAY_BLOCK, DelayTable, quantileUs } from '../../../src/loadgen/selftest/delay-table.ts'

describe('the delays of the selftest', () => {
  it('come once each in every 1,000 events in a row, wherever they begin', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.nat(1e6), (seed, from) => {
        const table = new DelayTable(seed)
        const delays = Array.from({ length: DELAY_BLOCK }, (_, index) =>
          table.delayUs(from + index),
        ).toSorted((a, b) => a - b)
        expect(delays).toEqual(delays.map((_, rank) => quantileUs((rank + 0.5) / DELAY_BLOCK)))
      }),
    )
  })

  it('are the same some ranks to either side of each percentile that is compared', () => {
    const compared = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999]
    expect(compared.map(quantileUs)).toEqual([10_000, 20_000, 30_000, 45_000, 60_000, 80_000])
    const margins = [0.1, 0.06, 0.02, 0.015, 0.006, 0.001]
    for (const [index, share] of compared.entries()) {
      expect(quantileUs(share - margins[index])).toBe(quantileUs(share))
      expect(quantileUs(share + margins[index])).toBe(quantileUs(share))
    }
  })

  it('are in another order with another seed', () => {
    const orderOf = (seed: number) => {
      const table = new DelayTable(seed)
      return Array.from({ length: DELAY_BLOCK }, (_, event) => table.delayUs(event))
    }
    expect(orderOf(1)).not.toEqual(orderOf(2))
  })
})
