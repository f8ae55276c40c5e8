import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ArrivalModel, pacerFrom } from '../../../src/loadgen/pacing/arrival-model.ts'
import { dueCount, paceStep } from '../../../src/loadgen/pacing/pacer.ts'

const rate = fc.double({ min: 0.5, max: 2_000, noNaN: true })
const stageUs = fc.integer({ min: 10_000, max: 2_000_000 })
const model: fc.Arbitrary<ArrivalModel> = fc.oneof(
  fc.record({ kind: fc.constant('constant' as const), eventsPerSecond: rate, stageUs }),
  fc.record({
    kind: fc.constant('counted' as const),
    total: fc.nat(3_000),
    eventsPerSecond: fc.oneof(rate, fc.constant(0)),
  }),
  fc.record({
    kind: fc.constant('ramp' as const),
    firstPerSecond: fc.oneof(rate, fc.constant(0)),
    lastPerSecond: fc.oneof(rate, fc.constant(0)),
    stageUs,
  }),
  fc.record({
    kind: fc.constant('poisson' as const),
    eventsPerSecond: rate,
    stageUs,
    seed: fc.nat(),
  }),
  fc.record({
    kind: fc.constant('burst' as const),
    eventsPerSecond: rate,
    burstEvents: fc.integer({ min: 1, max: 50 }),
    stageUs,
  }),
)

describe('every arrival model', () => {
  it('has intended times that are finite and never decrease', () => {
    fc.assert(
      fc.property(model, (description) => {
        const pacer = pacerFrom(description)
        let last = 0
        for (let index = 0; index < pacer.total; index++) {
          const atUs = pacer.intendedUs(index)
          expect(atUs).toBeGreaterThanOrEqual(last)
          last = atUs
        }
        expect(Number.isFinite(last)).toBe(true)
      }),
    )
  })

  it('is a pure function of the number of the event', () => {
    fc.assert(
      fc.property(model, fc.array(fc.nat(2_999), { maxLength: 20 }), (description, indices) => {
        const pacer = pacerFrom(description)
        for (const index of indices.filter((wanted) => wanted < pacer.total)) {
          expect(pacer.intendedUs(index)).toBe(pacerFrom(description).intendedUs(index))
        }
      }),
    )
  })

  it('waits until the next event, sends overdue ones at once and stops after the last', () => {
    fc.assert(
      fc.property(model, fc.nat(3_000_000), (description, elapsedUs) => {
        const pacer = pacerFrom(description)
        const due = dueCount(pacer, elapsedUs)
        for (let done = 0; done < due; done++) {
          expect(paceStep(pacer, elapsedUs, done)).toEqual({ waitUs: 0, stop: false })
        }
        const step = paceStep(pacer, elapsedUs, due)
        expect(step.stop).toBe(due === pacer.total)
        if (!step.stop) {
          expect(step.waitUs).toBeGreaterThan(0)
          expect(elapsedUs + step.waitUs).toBeCloseTo(pacer.intendedUs(due), 3)
        }
      }),
    )
  })
})

describe('constant arrivals', () => {
  it('are evenly spaced and as many as rate times time', () => {
    const pacer = pacerFrom({ kind: 'constant', eventsPerSecond: 3, stageUs: 10e6 })
    expect(pacer.total).toBe(30)
    expect(pacer.intendedUs(3)).toBe(1e6)
    expect(pacer.intendedUs(29)).toBeCloseTo(9_666_666.67, 1)
  })
})

describe('ramped arrivals', () => {
  it('reach the area under the rate', () => {
    const pacer = pacerFrom({ kind: 'ramp', firstPerSecond: 0, lastPerSecond: 100, stageUs: 10e6 })
    expect(pacer.total).toBe(500)
    // A quarter of the events lies in the first half of the time.
    expect(pacer.intendedUs(125)).toBeCloseTo(5e6, 3)
  })
})

describe('poisson arrivals', () => {
  it('repeat with the same seed and differ with another', () => {
    const times = (seed: number): number[] => {
      const pacer = pacerFrom({ kind: 'poisson', eventsPerSecond: 100, stageUs: 1e6, seed })
      return Array.from({ length: pacer.total }, (_, index) => pacer.intendedUs(index))
    }
    expect(times(7)).toEqual(times(7))
    expect(times(7)).not.toEqual(times(8))
  })

  it('have the mean and the spread of exponential gaps', () => {
    const pacer = pacerFrom({ kind: 'poisson', eventsPerSecond: 1000, stageUs: 20e6, seed: 1 })
    const times = Array.from({ length: pacer.total }, (_, index) => pacer.intendedUs(index))
    const gaps = times.slice(1).map((atUs, index) => atUs - times[index])
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((a, b) => a + (b - mean) ** 2, 0) / gaps.length)
    expect(mean).toBeGreaterThan(970)
    expect(mean).toBeLessThan(1_030)
    expect(deviation / mean).toBeGreaterThan(0.95)
    expect(deviation / mean).toBeLessThan(1.05)
  })
})

describe('bursts', () => {
  it('come at one instant and then pause', () => {
    const pacer = pacerFrom({ kind: 'burst', eventsPerSecond: 10, burstEvents: 5, stageUs: 1e6 })
    const times = Array.from({ length: pacer.total }, (_, index) => pacer.intendedUs(index))
    expect(times).toEqual([0, 0, 0, 0, 0, 5e5, 5e5, 5e5, 5e5, 5e5])
  })
})
