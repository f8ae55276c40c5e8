import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DELAY_BLOCK,
  DELAY_US_MAX,
  DelayTable,
  quantileUs,
} from '../../../src/loadgen/selftest/delay-table.ts'

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

  it('have the quantiles that are written above them', () => {
    expect([0, 0.25, 0.5, 0.9, 0.99, 0.999, 1].map(quantileUs)).toEqual([
      1_000,
      1_500,
      2_000,
      5_000,
      20_000,
      40_000,
      DELAY_US_MAX,
    ])
  })

  it('differ between neighbours and between seeds', () => {
    const one = new DelayTable(1)
    const other = new DelayTable(2)
    expect(one.delayUs(0)).not.toBe(one.delayUs(1))
    expect(one.delayUs(0)).not.toBe(other.delayUs(0))
  })
})
