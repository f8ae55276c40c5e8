/**
 * The collector of Go's Prometheus client. go_gc_duration_seconds is a summary of the pauses that
 * the runtime still remembers (256), so its quantile 1 is the longest of those, not of all.
 */
import {
  collectionOf,
  largestOf,
  type MetricPair,
  type RuntimeReading,
  sumOf,
} from './runtime-reading.ts'

const PAUSES = 'go_gc_duration_seconds'

export function readGoMetrics(pair: MetricPair): RuntimeReading | null {
  const { after } = pair
  if (![...after.keys()].some((name) => name.startsWith('go_'))) return null
  const goroutines = sumOf(after, 'go_goroutines')
  const names = { count: `${PAUSES}_count`, sum: `${PAUSES}_sum` }
  const longest = largestOf(after, PAUSES, { quantile: '1' })
  return {
    runtime: 'Go',
    collections: after.has(names.count)
      ? [collectionOf(pair, names, 'stop the world', {}, longest)]
      : [],
    loopLag: null,
    heapUsedBytes: sumOf(after, 'go_memstats_heap_alloc_bytes'),
    heapSizeBytes: sumOf(after, 'go_memstats_next_gc_bytes'),
    tasks: goroutines === null ? null : { name: 'goroutines', count: goroutines },
  }
}
