import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { broadcastWindow, scheduleOf } from '../../src/loadgen/message-schedule.ts'
import { pacerFrom } from '../../src/loadgen/pacing/arrival-model.ts'
import type { BenchSettings } from '../../src/loadgen/workload.ts'

function settingsOf(part: Partial<BenchSettings>): BenchSettings {
  return {
    mode: 'mixed',
    connections: 1_000,
    messagesPerSecond: 50,
    unicastCount: null,
    broadcastCount: null,
    warmupMs: 2_000,
    durationMs: 30_000,
    arrivals: 'constant',
    seed: 7,
    ...part,
  } as BenchSettings
}

describe('the message schedule', () => {
  it.each([
    ['idle', { messagesPerSecond: 0 }, null, null],
    ['echo', {}, 'constant', null],
    ['unicast', { arrivals: 'poisson' }, 'poisson', null],
    ['broadcast', {}, null, 'constant'],
    ['broadcast', { broadcastCount: 3 }, null, 'spread'],
    ['mixed', { broadcastCount: 3 }, 'constant', 'spread'],
    ['mixed', { broadcastCount: 3, unicastCount: 9 }, 'spread', 'spread'],
  ] as const)('of mode %s with %j', (mode, part, arrivals, broadcasts) => {
    const schedule = scheduleOf(settingsOf({ mode, ...part }))
    expect(schedule.arrivals?.kind ?? null).toBe(arrivals)
    expect(schedule.broadcasts?.kind ?? null).toBe(broadcasts)
  })

  it('has exactly the counts that were asked for, all of them in the measured time', () => {
    fc.assert(
      fc.property(
        fc.record({
          connections: fc.integer({ min: 1, max: 2_000_000 }),
          warmupMs: fc.integer({ min: 0, max: 60_000 }),
          durationMs: fc.integer({ min: 100, max: 600_000 }),
          unicastCount: fc.integer({ min: 1, max: 500 }),
          broadcastCount: fc.integer({ min: 1, max: 500 }),
        }),
        (part) => {
          const { arrivals, broadcasts } = scheduleOf(settingsOf(part))
          const fromUs = part.warmupMs * 1000
          const untilUs = fromUs + part.durationMs * 1000
          for (const [model, count] of [
            [arrivals, part.unicastCount],
            [broadcasts, part.broadcastCount],
          ] as const) {
            const pacer = pacerFrom(model as NonNullable<typeof model>)
            expect(pacer.total).toBe(count)
            const times = Array.from({ length: count }, (_, index) => pacer.intendedUs(index))
            expect(times).toEqual(times.toSorted((a, b) => a - b))
            expect(times[0]).toBeGreaterThanOrEqual(fromUs)
            expect(times[count - 1]).toBeLessThan(untilUs)
          }
        },
      ),
    )
  })

  it('leaves the first broadcast a second, and the last the time to be received', () => {
    expect(broadcastWindow(1_000, 0, 30e6)).toEqual({ fromUs: 1e6, untilUs: 29e6 })
    expect(broadcastWindow(1_000_000, 2e6, 92e6)).toEqual({ fromUs: 3e6, untilUs: 62e6 })
    expect(broadcastWindow(1_000_000, 0, 30e6)).toEqual({ fromUs: 1e6, untilUs: 20e6 })
    expect(broadcastWindow(10, 0, 0.9e6)).toEqual({ fromUs: 0.3e6, untilUs: 0.6e6 })
  })
})
