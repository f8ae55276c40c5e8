import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chanceOf, lateness } from '../../../src/loadgen/verdict/lateness.ts'
import { HEALTHY } from './healthy-facts.ts'

const levelOf = (late: number, planned: number, unsent = 0) =>
  lateness({ ...HEALTHY, late, planned, unsent })?.level ?? null

describe('lateness', () => {
  it('of a few messages in a small run is chance', () => {
    const levels = [levelOf(1, 1), levelOf(2, 50), levelOf(3, 91), levelOf(6, 500)]
    expect(levels).toEqual([null, null, null, null])
  })

  it('that chance does not explain is a doubt in a small run too', () => {
    expect([levelOf(3, 3), levelOf(2, 3), levelOf(4, 50), levelOf(9, 20)]).toEqual([
      'INVALID',
      'SUSPECT',
      'SUSPECT',
      'INVALID',
    ])
  })

  it('is taken by its share where there are many', () => {
    expect([levelOf(10, 1_000), levelOf(11, 1_000)]).toEqual([null, 'SUSPECT'])
    expect([levelOf(1_000, 10_000), levelOf(1_001, 10_000)]).toEqual(['SUSPECT', 'INVALID'])
  })

  it('counts what was not sent at all, and nothing planned is no doubt', () => {
    expect(levelOf(5, 100, 15)).toBe('INVALID')
    expect(levelOf(0, 0)).toBeNull()
  })

  it('never gets better by more that is late', () => {
    const rank = { VALID: 0, SUSPECT: 1, INVALID: 2 }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat(5_000), (planned, some) => {
        const late = Math.min(planned - 1, some)
        const [less, more] = [late, late + 1].map((count) => levelOf(count, planned) ?? 'VALID')
        expect(rank[more]).toBeGreaterThanOrEqual(rank[less])
      }),
    )
  })
})

describe('chance', () => {
  it('is the tail of the binomial distribution', () => {
    expect(chanceOf(0, 50, 0.01)).toBe(1)
    expect(chanceOf(1, 1, 0.01)).toBeCloseTo(0.01, 12)
    expect(chanceOf(2, 2, 0.1)).toBeCloseTo(0.01, 12)
    expect(chanceOf(2, 50, 0.01)).toBeCloseTo(1 - 0.99 ** 50 - 50 * 0.01 * 0.99 ** 49, 12)
  })
})
