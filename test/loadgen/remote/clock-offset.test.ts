import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClockOffset, DRIFT_US_PER_S } from '../../../src/loadgen/remote/clock-offset.ts'
import { correctionBetween, offsetOf } from '../../../src/loadgen/remote/host-clocks.ts'

const delayUs = fc.double({ min: 0, max: 1e6, noNaN: true })

describe('the offset of another clock', () => {
  it('is never further off than its error, however unequal the ways there and back are', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e12, max: 1e12, noNaN: true }),
        fc.array(fc.tuple(delayUs, delayUs), { minLength: 1, maxLength: 60 }),
        (trueUs, ways) => {
          const offset = new ClockOffset()
          let nowUs = 5e6
          for (const [thereUs, backUs] of ways) {
            offset.add(nowUs, nowUs + thereUs + trueUs, nowUs + thereUs + backUs)
            nowUs += thereUs + backUs + 1_000
          }
          const estimate = offset.estimate(nowUs)!
          expect(Math.abs(estimate.offsetUs - trueUs)).toBeLessThanOrEqual(estimate.errorUs + 1)
        },
      ),
    )
  })

  it('holds for a clock that drifts as crystals do, because old answers lose their worth', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -DRIFT_US_PER_S, max: DRIFT_US_PER_S, noNaN: true }),
        fc.array(delayUs, { minLength: 1, maxLength: 60 }),
        (driftUsPerS, ways) => {
          const theirs = (ourUs: number): number => ourUs + (ourUs / 1e6) * driftUsPerS
          const offset = new ClockOffset()
          let nowUs = 0
          for (const wayUs of ways) {
            offset.add(nowUs, theirs(nowUs + wayUs), nowUs + 2 * wayUs)
            nowUs += 2 * wayUs + 1e6
          }
          const estimate = offset.estimate(nowUs)!
          const off = Math.abs(estimate.offsetUs - (theirs(nowUs) - nowUs))
          // What drifts within one round trip is beyond the estimate: a ten-thousandth of it.
          expect(off).toBeLessThanOrEqual(estimate.errorUs * 1.001 + 200)
        },
      ),
    )
  })

  it('is unknown before the first answer, and takes no answer from before its question', () => {
    const offset = new ClockOffset()
    offset.add(100, 50, 90)
    expect([offset.count, offset.estimate(100)]).toEqual([0, null])
  })
})

describe('clocks of several hosts', () => {
  const answered = (theirsUs: number, errorUs: number): ClockOffset => {
    const offset = new ClockOffset()
    offset.add(0, theirsUs + errorUs, 2 * errorUs)
    return offset
  }

  it('are one where the kernel is one, by the best that any of them answered', () => {
    const near = { clockId: 'kernel', offset: answered(70, 10) }
    const far = { clockId: 'kernel', offset: answered(90, 400) }
    const other = { clockId: '', offset: answered(5, 1) }
    const best = offsetOf(far, [near, far, other], 'ours', 0)
    expect(best).toMatchObject({ offsetUs: 70, errorUs: 10 })
    expect(offsetOf(far, [near, far], 'kernel', 0)).toEqual({ offsetUs: 0, errorUs: 0 })
    expect(offsetOf(other, [near, other], '', 0)).toMatchObject({ offsetUs: 5, errorUs: 1 })
  })

  it('are corrected by the difference of their offsets, with the errors of both', () => {
    const from = { clockId: 'a', estimate: { offsetUs: 1_000, errorUs: 30 } }
    const to = { clockId: 'b', estimate: { offsetUs: -500, errorUs: 20 } }
    expect(correctionBetween(from, to)).toEqual({ shiftUs: -1_500, errorUs: 50 })
    expect(correctionBetween(from, { ...to, clockId: 'a' })).toBeNull()
  })
})
