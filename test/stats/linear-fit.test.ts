import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitColumns, fitSlope } from '../../src/stats/linear-fit.ts'

describe('a slope', () => {
  it('is that of a line, whatever its height', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: 4, max: 60 }),
        (slope, height, count) => {
          const points = Array.from({ length: count }, (_, x) => [
            x * 100,
            height + slope * x * 100,
          ])
          const fit = fitSlope(points as [number, number][])
          expect(fit?.value).toBeCloseTo(slope, 2)
          expect(fit?.error).toBeLessThan(0.1)
        },
      ),
    )
  })

  it('is unknown from too few points, or where x stands still', () => {
    expect(fitSlope([])).toBeNull()
    expect(
      fitSlope([
        [1, 1],
        [2, 2],
      ]),
    ).toBeNull()
    expect(
      fitSlope([
        [5, 1],
        [5, 2],
        [5, 3],
        [5, 4],
      ]),
    ).toBeNull()
  })

  it('of noise around a line is within its error in nine of ten cases', () => {
    const random = mulberry(7)
    let held = 0
    for (let trial = 0; trial < 200; trial++) {
      const points = Array.from({ length: 40 }, (_, x): [number, number] => {
        return [x, 3 * x + 10 * (random() + random() + random() - 1.5)]
      })
      const fit = fitSlope(points)
      if (fit !== null && Math.abs(fit.value - 3) <= fit.error) held += 1
    }
    expect(held).toBeGreaterThan(180)
  })

  it('of a sawtooth has a wider error than that of noise of the same size', () => {
    const random = mulberry(3)
    const saw = Array.from({ length: 300 }, (_, x): [number, number] => [x, x % 50])
    const noise = saw.map(([x]): [number, number] => [x, random() * 50])
    expect(fitSlope(saw)!.error).toBeGreaterThan(3 * fitSlope(noise)!.error)
  })
})

describe('columns', () => {
  it('each get their own price', () => {
    const random = mulberry(11)
    const rows = Array.from({ length: 50 }, () => {
      const x = [random() * 1000, random() * 1e6, random()]
      return { x, y: 12 * x[0] + 0.5 * x[1] + 3e5 * x[2] }
    })
    const [a, b, c] = fitColumns(rows)!
    expect(a.value).toBeCloseTo(12, 3)
    expect(b.value).toBeCloseTo(0.5, 6)
    expect(c.value).toBeCloseTo(3e5, 0)
  })

  it('that say the same cannot be told apart', () => {
    const rows = Array.from({ length: 20 }, (_, n) => ({ x: [n, 2 * n], y: 5 * n }))
    expect(fitColumns(rows)).toBeNull()
  })

  it('of nothing but zeros are no columns', () => {
    expect(
      fitColumns([
        { x: [0], y: 1 },
        { x: [0], y: 2 },
        { x: [0], y: 3 },
      ]),
    ).toBeNull()
  })
})

function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
