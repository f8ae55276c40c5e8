import { expect, it } from 'vitest'
import { readGoMetrics } from '../../../src/doctor/runtimes/go-metrics.ts'
import { pagePair } from './metrics-page.ts'

function page(count: number, seconds: number): string {
  return `
go_gc_duration_seconds{quantile="0"} 2.1e-05
go_gc_duration_seconds{quantile="0.5"} 4.4e-05
go_gc_duration_seconds{quantile="1"} 0.00321
go_gc_duration_seconds_sum ${seconds}
go_gc_duration_seconds_count ${count}
go_goroutines 20012
go_memstats_heap_alloc_bytes 1.5e+09
go_memstats_next_gc_bytes 3e+09
`
}

it('reads pauses, goroutines and heap', () => {
  expect(readGoMetrics(pagePair(page(110, 0.06), page(100, 0.05)))).toEqual({
    runtime: 'Go',
    collections: [
      {
        kind: 'stop the world',
        pausesPerSecond: 2,
        timeShare: expect.closeTo(0.002, 6),
        longestSeconds: 0.00321,
      },
    ],
    loopLag: null,
    heapUsedBytes: 1.5e9,
    heapSizeBytes: 3e9,
    tasks: { name: 'goroutines', count: 20_012 },
  })
})

it('has no collections where the collector is left out', () => {
  expect(readGoMetrics(pagePair('go_goroutines 3'))?.collections).toEqual([])
  expect(readGoMetrics(pagePair('nodejs_x 3'))).toBeNull()
})
