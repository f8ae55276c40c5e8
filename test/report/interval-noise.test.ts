import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differsMoreThanNoise, effectiveCountOf } from '../../src/report/interval-noise.ts'

/** Uniform in -1 … 1, the same in every run. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 1_073_741_824 - 1
  }
}

function series(count: number, mean: number, scatter: number, seed: number, memory = 0): number[] {
  const next = noise(seed)
  let last = 0
  return Array.from({ length: count }, () => {
    last = memory * last + next() * scatter
    return mean + last
  })
}

describe('a difference of interval values', () => {
  it('is noise where both scatter around the same', () => {
    const crossed = Array.from({ length: 200 }, (_, seed) =>
      differsMoreThanNoise(series(60, 100, 10, seed), series(60, 100, 10, seed + 1_000)),
    )
    // One in a hundred is expected to look real.
    expect(crossed.filter((is) => is === true).length).toBeLessThan(10)
  })

  it('is real where it is several times the scatter of the mean', () => {
    expect(differsMoreThanNoise(series(60, 100, 10, 1), series(60, 110, 10, 2))).toBe(true)
    expect(differsMoreThanNoise(series(60, 110, 10, 1), series(60, 100, 10, 2))).toBe(true)
  })

  it('is judged by fewer samples where seconds resemble each other', () => {
    const [a, b] = [series(60, 100, 10, 1, 0.95), series(60, 108, 10, 5, 0.95)]
    expect(effectiveCountOf(a)).toBeLessThan(20)
    expect(effectiveCountOf(series(60, 100, 10, 1))).toBeGreaterThan(30)
    const falsely = Array.from({ length: 200 }, (_, seed) =>
      differsMoreThanNoise(series(120, 100, 10, seed, 0.9), series(120, 100, 10, seed + 999, 0.9)),
    )
    expect(falsely.filter((is) => is === true).length).toBeLessThan(20)
    expect(differsMoreThanNoise(a, b)).toBe(false)
  })

  it('of series without scatter is real as soon as there is one', () => {
    const flat = (value: number) => Array.from({ length: 10 }, () => value)
    expect(differsMoreThanNoise(flat(5), flat(5))).toBe(false)
    expect(differsMoreThanNoise(flat(5), flat(6))).toBe(true)
  })

  it('is not told from few intervals', () => {
    expect(differsMoreThanNoise([1, 2, 3], series(60, 100, 1, 1))).toBeNull()
  })

  it('does not depend on which run is the first', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
      minLength: 8,
      maxLength: 20,
    })
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(differsMoreThanNoise(a, b)).toBe(differsMoreThanNoise(b, a))
      }),
    )
  })
})
