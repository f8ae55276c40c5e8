import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BACK_OFF_MS_MAX, BROKEN_OFF, backOffMs } from '../../src/loadgen/back-off.ts'

const of = (code: number, retryAfterMs = 0) => ({ code, retryAfterMs })

describe('a device that lost its connection', () => {
  it.each([
    [0, 0.5, 500],
    [1, 0.5, 1_000],
    [3, 0.25, 2_000],
    [5, 0.5, 15_000],
    [15, 0.5, 15_000],
  ])('comes back after %d attempts within full jitter', (attempts, random, delayMs) => {
    expect(backOffMs(BROKEN_OFF, attempts, random)).toBe(delayMs)
  })

  it('never waits longer than the cap where nobody asks it to', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.nat(40), random, fc.constantFrom(0, 1000, 1006, 4200, 4300), (n, r, code) => {
        const delayMs = backOffMs(of(code), n, r)
        expect(delayMs).toBeGreaterThanOrEqual(0)
        expect(delayMs).toBeLessThan(BACK_OFF_MS_MAX)
      }),
    )
  })

  it('does what the hundreds of a BYE say', () => {
    expect(backOffMs(of(4003), 0, 0.5)).toBe(Number.POSITIVE_INFINITY)
    expect(backOffMs(of(4103, 7_000), 0, 0.5)).toBe(7_500)
    expect(backOffMs(of(4202), 0, 0.5)).toBe(0)
    expect(backOffMs(of(4300), 0, 0.5)).toBe(0)
  })

  it('is not spun by a node that always says at once', () => {
    expect(backOffMs(of(4202), 3, 0.5)).toBe(4_000)
  })
})
