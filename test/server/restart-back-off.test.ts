import { describe, expect, it } from 'vitest'
import { RESTART_MS_MAX, RestartBackOff, STEADY_MS } from '../../src/server/restart-back-off.ts'

describe('the back-off of a shard that dies', () => {
  it('doubles up to its limit while the shard does not live long', () => {
    const backOff = new RestartBackOff()
    const delays = Array.from({ length: 7 }, () => backOff.nextDelayMs(0))
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(Array.from({ length: 100 }, () => backOff.nextDelayMs(0)).at(-1)).toBe(RESTART_MS_MAX)
  })

  it('begins anew after a steady life', () => {
    const backOff = new RestartBackOff()
    backOff.nextDelayMs(0)
    expect(backOff.nextDelayMs(STEADY_MS - 1)).toBe(2_000)
    expect(backOff.nextDelayMs(STEADY_MS)).toBe(1_000)
  })
})
