import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstHeartbeatTicks } from '../../src/loadgen/connection-timers.ts'

test('the first heartbeat comes within the interval, and never where there is none', () => {
  fc.assert(
    fc.property(fc.nat(4_000_000), fc.integer({ min: 1, max: 100_000 }), (row, ticks) => {
      const first = firstHeartbeatTicks(row, ticks)
      expect(first).toBeGreaterThanOrEqual(1)
      expect(first).toBeLessThanOrEqual(ticks)
      expect(firstHeartbeatTicks(row, 0)).toBe(0)
    }),
  )
})

test('heartbeats of rows that connected together are even over the interval', () => {
  const perTick = new Array(120).fill(0)
  for (let row = 0; row < 20_000; row++) perTick[firstHeartbeatTicks(row, 120) - 1]++
  expect(Math.min(...perTick)).toBeGreaterThan(160)
  expect(Math.max(...perTick)).toBeLessThan(174)
})
