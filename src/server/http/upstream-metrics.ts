/** The metrics of what devices send: what they were told, and how its receivers keep up. */
import type { WebhookState } from '../upstream/webhook.ts'
import { gauge, type Metric, named, type Sample, single } from './metric-shapes.ts'

export const UPSTREAM_METRICS: readonly Metric[] = [
  named('counter', 'upstream_sends_total', 'SEND frames, by answer', 'status', ({ node }) => {
    return node.upstream?.sends ?? {}
  }),
  gauge('upstream_consumers', 'Streams of GET /v1/upstream', ({ node }) => {
    return node.upstream?.consumers ?? 0
  }),
  single('counter', 'upstream_consumers_cut_total', 'Consumers that read too slowly', (source) => {
    return source.node.upstream?.consumersCut ?? 0
  }),
  byWebhook('counter', 'webhook_events_total', 'Events, by what became of them', (webhook) => [
    [{ result: 'delivered' }, webhook.delivered],
    [{ result: 'dead' }, webhook.dead],
    [{ result: 'dropped' }, webhook.dropped],
  ]),
  byWebhook('counter', 'webhook_requests_total', 'Requests, by status or failure', (webhook) =>
    Object.entries(webhook.attempts).map(([outcome, count]) => [{ outcome }, count]),
  ),
  byWebhook('gauge', 'webhook_queue_events', 'Events that wait for a webhook', (webhook) => [
    [{}, webhook.queuedEvents],
  ]),
  byWebhook('gauge', 'webhook_queue_bytes', 'Bytes that wait for a webhook', (webhook) => [
    [{}, webhook.queuedBytes],
  ]),
]

function byWebhook(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  valuesOf: (webhook: WebhookState) => readonly (readonly [Sample['labels'], number])[],
): Metric {
  const read: Metric['read'] = ({ node }) =>
    (node.upstream?.webhooks ?? []).flatMap((webhook) =>
      valuesOf(webhook).map(([labels, value]) => ({
        labels: { webhook: webhook.name, ...labels },
        value,
      })),
    )
  return { name: `pushctl_${name}`, type, help, read }
}
