/** The metrics of stored pushes: what became of them, and how the store keeps up. */
import type { StoreCounters } from '../inbox/node-inbox.ts'
import { buckets, type Metric, named, single } from './metric-shapes.ts'

export const STORE_METRICS: readonly Metric[] = [
  named('counter', 'stored_pushes_total', 'Stored pushes, by what became of them', 'result', (s) =>
    s.node.store === undefined ? {} : resultsOf(s.node.store),
  ),
  single('gauge', 'stored_pushes_pending', 'Stored pushes that wait for their ack', ({ node }) => {
    return node.store?.messagesPending ?? 0
  }),
  single('gauge', 'store_unwritten_bytes', 'Payloads that wait to be written', ({ node }) => {
    return node.store?.unwrittenBytes ?? 0
  }),
  {
    name: 'pushctl_store_write_seconds',
    type: 'histogram',
    help: 'How long a write of the store takes, one for all pushes of a loop turn',
    read: ({ node }) => (node.store === undefined ? [] : buckets({}, node.store.writeTimes)),
  },
  single('gauge', 'store_stalled_seconds', 'How long the running write has taken', ({ node }) => {
    return (node.store?.stalledMs ?? 0) / 1_000
  }),
  single('counter', 'store_write_failures_total', 'Writes of the store that failed', ({ node }) => {
    return node.store?.writesFailed ?? 0
  }),
  single('gauge', 'store_failing', '1 while stored pushes are refused by the store', ({ node }) => {
    return Number(node.store?.isFailing ?? false)
  }),
  single('gauge', 'store_durable', '1 where stored pushes survive the process', ({ node }) => {
    return Number(node.store?.isDurable ?? false)
  }),
]

function resultsOf(store: StoreCounters): Record<string, number> {
  return {
    stored: store.messagesStored,
    acked: store.messagesAcked,
    expired: store.messagesExpired,
    trimmed: store.messagesTrimmed,
    failed: store.messagesFailed,
    redelivered: store.messagesRedelivered,
  }
}
