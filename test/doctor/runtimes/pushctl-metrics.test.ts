import { expect, it } from 'vitest'
import { readPushctlMetrics } from '../../../src/doctor/runtimes/pushctl-metrics.ts'
import { METRICS } from '../../../src/server/http/metric-table.ts'
import { pagePair } from './metrics-page.ts'

it('reads pauses and loop lag of a node of our own', () => {
  const page = (count: number, seconds: number) => `
pushctl_build{name="n",version="0.1.0"} 1
pushctl_connections_open 1000000
pushctl_memory_heap_bytes 5000
pushctl_gc_pause_seconds{kind="major",quantile="0.99"} 0.004
pushctl_gc_pause_seconds{kind="major",quantile="1"} 0.007
pushctl_gc_pause_seconds_sum{kind="major"} ${seconds}
pushctl_gc_pause_seconds_count{kind="major"} ${count}
pushctl_loop_lag_seconds{quantile="0.99"} 0.002
pushctl_loop_lag_seconds{quantile="1"} 0.03
`
  expect(readPushctlMetrics(pagePair(page(15, 0.06), page(10, 0.05)))).toEqual({
    runtime: 'pushctl',
    collections: [
      {
        kind: 'major',
        pausesPerSecond: 1,
        timeShare: expect.closeTo(0.002, 6),
        longestSeconds: 0.007,
      },
    ],
    loopLag: { p99Seconds: 0.002, longestSeconds: 0.03 },
    heapUsedBytes: 5_000,
    heapSizeBytes: null,
    tasks: { name: 'connections', count: 1_000_000 },
  })
})

it('asks for names that the node has', () => {
  const names = METRICS.map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining([
      'pushctl_build',
      'pushctl_connections_open',
      'pushctl_memory_heap_bytes',
      'pushctl_gc_pause_seconds',
      'pushctl_loop_lag_seconds',
    ]),
  )
})
