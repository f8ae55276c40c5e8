/**
 * Two libraries name a JVM's collections: Micrometer jvm_gc_pause_seconds with action and cause,
 * the Java client of Prometheus jvm_gc_collection_seconds with gc. Only Micrometer tells the
 * longest pause, of the last minutes.
 */
import {
  collectionOf,
  labelValues,
  largestOf,
  type MetricPair,
  type RuntimeReading,
  sumOf,
} from './runtime-reading.ts'

const NAMINGS = [
  { base: 'jvm_gc_pause_seconds', label: 'action' },
  { base: 'jvm_gc_collection_seconds', label: 'gc' },
] as const

export function readJvmMetrics(pair: MetricPair): RuntimeReading | null {
  const { after } = pair
  if (![...after.keys()].some((name) => name.startsWith('jvm_'))) return null
  const threads = sumOf(after, 'jvm_threads_live_threads') ?? sumOf(after, 'jvm_threads_current')
  return {
    runtime: 'JVM',
    collections: NAMINGS.flatMap(({ base, label }) =>
      labelValues(after, `${base}_count`, label).map((kind) =>
        collectionOf(
          pair,
          { count: `${base}_count`, sum: `${base}_sum` },
          kind,
          { [label]: kind },
          largestOf(after, `${base}_max`, { [label]: kind }),
        ),
      ),
    ),
    loopLag: null,
    heapUsedBytes: heapBytes(pair, 'used'),
    heapSizeBytes: heapBytes(pair, 'max') ?? heapBytes(pair, 'committed'),
    tasks: threads === null ? null : { name: 'threads', count: threads },
  }
}

/** A pool without a limit says -1: then the heap as a whole has none that could be told. */
function heapBytes({ after }: MetricPair, which: 'used' | 'max' | 'committed'): number | null {
  const name = after.has(`jvm_memory_${which}_bytes`)
    ? `jvm_memory_${which}_bytes`
    : `jvm_memory_bytes_${which}`
  const isUnlimited = (after.get(name) ?? []).some(
    ({ labels, value }) => labels['area'] === 'heap' && value < 0,
  )
  return isUnlimited ? null : sumOf(after, name, { area: 'heap' })
}
