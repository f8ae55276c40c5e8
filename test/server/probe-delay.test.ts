import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PROBE, probeDelayMs } from '../../src/server/probe-delay.ts'

describe('the delay of a probe', () => {
  it('is none up to 75 % of capacity, and 50 ms more for each further 2.5 %', () => {
    const loads = [0, 0.5, 0.75, 0.7749, 0.775, 0.8, 0.825, 0.9, 1]
    expect(loads.map((load) => probeDelayMs(load, DEFAULT_PROBE))).toEqual([
      0, 0, 0, 0, 50, 100, 150, 300, 500,
    ])
  })

  it('follows its settings', () => {
    const settings = { fromShare: 0.5, everyShare: 0.1, stepMs: 20 }
    expect(probeDelayMs(0.95, settings)).toBe(80)
  })

  it('never shrinks as a node fills, and has an end', () => {
    const load = fc.double({ min: 0, max: 10, noNaN: true })
    fc.assert(
      fc.property(load, load, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        const shorter = probeDelayMs(less, DEFAULT_PROBE)
        expect(shorter).toBeLessThanOrEqual(probeDelayMs(more, DEFAULT_PROBE))
        expect(shorter).toBeLessThanOrEqual(2_500)
      }),
    )
  })
})
