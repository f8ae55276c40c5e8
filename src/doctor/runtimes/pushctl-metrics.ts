/**
 * A node of our own: pauses and loop lag are summaries over all processes of the node since its
 * start. Must match src/server/http/metric-table.ts: pushctl_gc_pause_seconds{kind, quantile},
 * pushctl_loop_lag_seconds{quantile}.
 */
import {
  collectionOf,
  labelValues,
  largestOf,
  type MetricPair,
  type RuntimeReading,
  sumOf,
} from './runtime-reading.ts'

const PAUSES = 'pushctl_gc_pause_seconds'
const LAG = 'pushctl_loop_lag_seconds'

export function readPushctlMetrics(pair: MetricPair): RuntimeReading | null {
  const { after } = pair
  if (!after.has('pushctl_build')) return null
  const names = { count: `${PAUSES}_count`, sum: `${PAUSES}_sum` }
  const connections = sumOf(after, 'pushctl_connections_open')
  return {
    runtime: 'pushctl',
    collections: labelValues(after, PAUSES, 'kind').map((kind) =>
      collectionOf(pair, names, kind, { kind }, largestOf(after, PAUSES, { kind, quantile: '1' })),
    ),
    loopLag: {
      p99Seconds: largestOf(after, LAG, { quantile: '0.99' }),
      longestSeconds: largestOf(after, LAG, { quantile: '1' }),
    },
    heapUsedBytes: sumOf(after, 'pushctl_memory_heap_bytes'),
    heapSizeBytes: null,
    tasks: connections === null ? null : { name: 'connections', count: connections },
  }
}
