import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WheelClock } from '../../src/engine/wheel-clock.ts'

describe('the clock of a timer wheel', () => {
  it('follows the time that it is shown', () => {
    const clock = new WheelClock(100)
    expect([0, 99, 100, 210, 399].map((ms) => clock.tickAt(ms))).toEqual([0, 0, 1, 2, 3])
    expect(clock.dueMs(3)).toBe(300)
  })

  it('leaves out time in which nobody looked', () => {
    const clock = new WheelClock(100)
    expect(clock.tickAt(100)).toBe(1)
    expect(clock.tickAt(60_100)).toBe(3)
    expect(clock.dueMs(3)).toBe(60_100)
    expect([60_200, 60_300].map((ms) => clock.tickAt(ms))).toEqual([4, 5])
  })

  it('never goes back, never jumps, and is never ahead of the time', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000)), (pauses) => {
        const clock = new WheelClock(50)
        let [elapsedMs, last] = [0, 0]
        for (const pause of pauses) {
          elapsedMs += pause
          const tick = clock.tickAt(elapsedMs)
          expect(tick).toBeGreaterThanOrEqual(last)
          expect(tick).toBeLessThanOrEqual(last + 2)
          expect(clock.dueMs(tick)).toBeLessThanOrEqual(elapsedMs)
          last = tick
        }
      }),
    )
  })
})
