import { expect, it } from 'vitest'
import { readJvmMetrics } from '../../../src/doctor/runtimes/jvm-metrics.ts'
import { pagePair } from './metrics-page.ts'

it('reads the names of Micrometer', () => {
  const page = (count: number, seconds: number) => `
jvm_gc_pause_seconds_count{action="end of major GC",cause="Metadata GC Threshold",gc="G1"} ${count}
jvm_gc_pause_seconds_sum{action="end of major GC",cause="Metadata GC Threshold",gc="G1"} ${seconds}
jvm_gc_pause_seconds_max{action="end of major GC",cause="Metadata GC Threshold",gc="G1"} 0.81
jvm_memory_used_bytes{area="heap",id="G1 Eden Space",} 100.0
jvm_memory_used_bytes{area="heap",id="G1 Old Gen",} 50.0
jvm_memory_used_bytes{area="nonheap",id="Metaspace",} 7.0
jvm_memory_max_bytes{area="heap",id="G1 Eden Space",} -1.0
jvm_memory_max_bytes{area="heap",id="G1 Old Gen",} 4.0E9
jvm_memory_committed_bytes{area="heap",id="G1 Old Gen",} 200.0
jvm_threads_live_threads 41.0
`
  expect(readJvmMetrics(pagePair(page(12, 3), page(2, 1)))).toEqual({
    runtime: 'JVM',
    collections: [
      { kind: 'end of major GC', pausesPerSecond: 2, timeShare: 0.4, longestSeconds: 0.81 },
    ],
    loopLag: null,
    heapUsedBytes: 150,
    // A pool without a limit: the sum of the others would be a wrong limit.
    heapSizeBytes: 200,
    tasks: { name: 'threads', count: 41 },
  })
})

it('reads the names of the Java client of Prometheus', () => {
  const reading = readJvmMetrics(
    pagePair(`
jvm_gc_collection_seconds_count{gc="PS MarkSweep",} 4.0
jvm_gc_collection_seconds_sum{gc="PS MarkSweep",} 1.5
jvm_memory_bytes_used{area="heap",} 10
jvm_memory_bytes_max{area="heap",} 40
jvm_threads_current 9
`),
  )
  expect(reading).toMatchObject({
    collections: [{ kind: 'PS MarkSweep', longestSeconds: null }],
    heapUsedBytes: 10,
    heapSizeBytes: 40,
    tasks: { count: 9 },
  })
})
