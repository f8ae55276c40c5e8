import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  classAt,
  meanBytesOf,
  type SizeClasses,
  sizeClassesOf,
} from '../../../src/loadgen/population/size-classes.ts'
import { seededRandom } from '../../../src/loadgen/seeded-random.ts'

const BOUNDS = { bytesMin: 24, bytesMax: 60 * 1024 }

/** How often each class came in so many draws. */
function drawn(classes: SizeClasses, draws: number, seed: number): number[] {
  const random = seededRandom(seed)
  const counts = classes.bytes.map(() => 0)
  for (let draw = 0; draw < draws; draw++) counts[classAt(classes, random.next())] += 1
  return counts
}

describe('the sizes of a range', () => {
  it('have its mean, and stay in it', () => {
    const bytes = fc.integer({ min: 24, max: 60 * 1024 })
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const [minBytes, maxBytes] = [Math.min(one, other), Math.max(one, other) + 1]
        const classes = sizeClassesOf({ kind: 'uniform', minBytes, maxBytes }, BOUNDS)
        expect(Math.min(...classes.bytes)).toBeGreaterThanOrEqual(minBytes)
        expect(Math.max(...classes.bytes)).toBeLessThanOrEqual(maxBytes)
        expect(Math.abs(meanBytesOf(classes) - (minBytes + maxBytes) / 2)).toBeLessThan(1)
      }),
    )
  })

  it('are all of them where there are few', () => {
    const { bytes } = sizeClassesOf({ kind: 'uniform', minBytes: 30, maxBytes: 34 }, BOUNDS)
    expect(bytes).toEqual([30, 31, 32, 33, 34])
  })
})

describe('log-normal sizes', () => {
  it('have the mean that was asked for, as far as the bounds let them', () => {
    const mean = fc.integer({ min: 400, max: 4_000 })
    fc.assert(
      fc.property(mean, fc.double({ min: 0.1, max: 0.8, noNaN: true }), (meanBytes, sigma) => {
        const classes = sizeClassesOf({ kind: 'log-normal', meanBytes, sigma }, BOUNDS)
        expect(meanBytesOf(classes) / meanBytes).toBeCloseTo(1, 1)
        expect(Math.abs(meanBytesOf(classes) - meanBytes)).toBeLessThan(meanBytes * 0.01 + 1)
      }),
    )
  })

  it('have the median that belongs to it, and a long tail', () => {
    const sizes = { kind: 'log-normal', meanBytes: 1_000, sigma: 1 } as const
    const { bytes } = sizeClassesOf(sizes, BOUNDS)
    expect(Math.abs(bytes[128] - 1_000 * Math.exp(-0.5))).toBeLessThan(10)
    expect(bytes[255]).toBeGreaterThan(9_000)
  })

  it('never leave the bounds', () => {
    const sizes = { kind: 'log-normal', meanBytes: 20_000, sigma: 3 } as const
    const { bytes } = sizeClassesOf(sizes, BOUNDS)
    expect(Math.min(...bytes)).toBe(24)
    expect(Math.max(...bytes)).toBe(60 * 1024)
  })
})

it('sizes of a list come as often as their weights say', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(weights, fc.integer(), (all, seed) => {
      const items = all.map((weight, index) => ({ bytes: 100 + index, weight }))
      const classes = sizeClassesOf({ kind: 'list', items }, BOUNDS)
      const total = all.reduce((sum, weight) => sum + weight)
      const draws = 20_000
      drawn(classes, draws, seed).forEach((count, index) => {
        const share = all[index] / total
        // Six deviations of a fair coin: one of 500 million draws would fail without a reason.
        const spread = 6 * Math.sqrt((share * (1 - share)) / draws)
        expect(Math.abs(count / draws - share)).toBeLessThanOrEqual(spread)
      })
    }),
    { numRuns: 30 },
  )
})

it('the largest number below 1 falls into the last class', () => {
  const items = [1, 1, 1].map((weight, index) => ({ bytes: 24 + index, weight }))
  const classes = sizeClassesOf({ kind: 'list', items }, BOUNDS)
  expect([0, 1 / 3, 1 - 2 ** -32].map((unit) => classAt(classes, unit))).toEqual([0, 1, 2])
})
