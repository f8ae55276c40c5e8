import { collectDefaultMetrics, Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { readNodeMetrics } from '../../../src/doctor/runtimes/node-metrics.ts'
import { pagePair } from './metrics-page.ts'

function page(minor: readonly [number, number, number], seconds: number): string {
  const [short, long, all] = minor
  return `
nodejs_gc_duration_seconds_bucket{le="0.001",kind="minor"} ${short}
nodejs_gc_duration_seconds_bucket{le="0.1",kind="minor"} ${long}
nodejs_gc_duration_seconds_bucket{le="+Inf",kind="minor"} ${all}
nodejs_gc_duration_seconds_sum{kind="minor"} ${seconds}
nodejs_gc_duration_seconds_count{kind="minor"} ${all}
nodejs_eventloop_lag_p99_seconds 0.012
nodejs_eventloop_lag_max_seconds 0.25
nodejs_heap_size_used_bytes 1000
nodejs_heap_size_total_bytes 2000
`
}

it('reads pauses, lag and heap by the default names of prom-client', () => {
  expect(readNodeMetrics(pagePair(page([90, 110, 110], 3), page([90, 100, 100], 2)))).toEqual({
    runtime: 'Node',
    collections: [{ kind: 'minor', pausesPerSecond: 2, timeShare: 0.2, longestSeconds: 0.1 }],
    loopLag: { p99Seconds: 0.012, longestSeconds: 0.25 },
    heapUsedBytes: 1_000,
    heapSizeBytes: 2_000,
    tasks: null,
  })
})

it('does not guess a pause beyond the last bound, nor rates of one reading or of a restart', () => {
  const once = readNodeMetrics(pagePair(page([1, 2, 3], 3)))
  expect(once?.collections[0]).toMatchObject({ longestSeconds: null, pausesPerSecond: null })
  const restarted = readNodeMetrics(pagePair(page([0, 1, 1], 0.1), page([90, 100, 100], 2)))
  expect(restarted?.collections[0]).toMatchObject({ pausesPerSecond: null, timeShare: null })
})

it('knows what prom-client prints today', async () => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const reading = readNodeMetrics(pagePair(await registry.metrics()))
  expect(reading?.heapUsedBytes).toBeGreaterThan(1_000_000)
  expect(reading?.loopLag?.p99Seconds).not.toBeNull()
})

it('takes a page without its names for another runtime', () => {
  expect(readNodeMetrics(pagePair('go_goroutines 3'))).toBeNull()
})
