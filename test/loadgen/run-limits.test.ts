import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runLimits, runPeriods } from '../../src/loadgen/run-limits.ts'

describe('the limits of a run', () => {
  it('grow with connections and shards', () => {
    const counts = fc.record({
      connections: fc.integer({ min: 1, max: 2_000_000 }),
      shards: fc.integer({ min: 1, max: 200 }),
    })
    fc.assert(
      fc.property(counts, ({ connections, shards }) => {
        const here = runLimits(connections, shards)
        const larger = runLimits(connections * 2, shards * 2)
        for (const name of Object.keys(here) as (keyof typeof here)[]) {
          expect(larger[name]).toBeGreaterThanOrEqual(here[name])
        }
        // The coordinator waits longer than those it waits for.
        expect(here.publishedMs).toBeGreaterThan(here.answersMs)
      }),
    )
  })

  it('give a million connections over 51 shards minutes, and a thousand over two seconds', () => {
    const million = runLimits(1_000_000, 51)
    expect(million.drainMs).toBeGreaterThan(20_000)
    expect(million.resultMs).toBeGreaterThan(60_000)
    const small = runLimits(1_000, 2)
    expect(small.drainMs).toBeLessThan(3_000)
    expect(small.closeMs).toBeLessThan(2_000)
  })

  it('wait longer for stored pushes, which are owed however late', () => {
    expect(runLimits(1_000, 2, 1).storedExtraMs).toBeGreaterThan(10_000)
    expect(runLimits(1_000, 2).storedExtraMs).toBe(0)
  })

  it('look once a second where shards are few, and less often where they share the cores', () => {
    expect(runPeriods(1)).toEqual({ intervalMs: 1_000, memoryMs: 250, drainLookMs: 50 })
    expect(runPeriods(16).intervalMs).toBe(1_000)
    expect(runPeriods(51).intervalMs).toBe(3_000)
  })
})
