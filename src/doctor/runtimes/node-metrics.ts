/**
 * The default names of prom-client: nodejs_gc_duration_seconds is a histogram, of which the upper
 * bound of the highest bucket in use says how long the longest pause may have been.
 */
import type { MetricTable } from '../parsers/prometheus-text.ts'
import {
  type CollectionReading,
  collectionOf,
  labelValues,
  largestOf,
  type MetricPair,
  type RuntimeReading,
  sumOf,
} from './runtime-reading.ts'

const PAUSES = 'nodejs_gc_duration_seconds'

export function readNodeMetrics(pair: MetricPair): RuntimeReading | null {
  const { after } = pair
  const isNode = [...after.keys()].some((name) => name.startsWith('nodejs_'))
  if (!isNode) return null
  return {
    runtime: 'Node',
    collections: labelValues(after, `${PAUSES}_count`, 'kind').map((kind) =>
      collection(pair, kind),
    ),
    loopLag: {
      p99Seconds: largestOf(after, 'nodejs_eventloop_lag_p99_seconds'),
      longestSeconds: largestOf(after, 'nodejs_eventloop_lag_max_seconds'),
    },
    heapUsedBytes: sumOf(after, 'nodejs_heap_size_used_bytes'),
    heapSizeBytes: sumOf(after, 'nodejs_heap_size_total_bytes'),
    tasks: null,
  }
}

function collection(pair: MetricPair, kind: string): CollectionReading {
  const names = { count: `${PAUSES}_count`, sum: `${PAUSES}_sum` }
  return collectionOf(pair, names, kind, { kind }, longestBucket(pair.after, kind))
}

/** null where a pause fell beyond the last bound: nobody knows how long it was. */
function longestBucket(table: MetricTable, kind: string): number | null {
  const buckets = (table.get(`${PAUSES}_bucket`) ?? [])
    .filter(({ labels }) => labels['kind'] === kind)
    .map(({ labels, value }) => ({ bound: boundOf(labels['le'] ?? ''), count: value }))
    .sort((a, b) => a.bound - b.bound)
  const all = buckets.at(-1)?.count
  const longest = buckets.find(({ count }) => count === all)?.bound
  return longest !== undefined && Number.isFinite(longest) ? longest : null
}

function boundOf(text: string): number {
  return /inf/i.test(text) ? Infinity : Number(text)
}
