/**
 * Every metric of /metrics, one row each: name, type, help and where its samples come from. The
 * five alarms of a node stand first: errors, queues, requests, latency of interfaces, availability.
 * There is no label per device: a million series would cost the monitoring more than the devices
 * cost the node.
 */
import {
  buckets,
  byShard,
  counter,
  gauge,
  type Metric,
  type MetricSource,
  named,
  quantiles,
  type Sample,
  single,
} from './metric-shapes.ts'
import { STORE_METRICS } from './store-metrics.ts'
import { UPSTREAM_METRICS } from './upstream-metrics.ts'

/** Errors, queues in and out, requests, latency of interfaces, availability. */
const ALARMS: readonly Metric[] = [
  named('counter', 'errors_total', 'Errors, by where they come from', 'source', (s) => s.errors),
  {
    name: 'pushctl_queue_entries',
    type: 'gauge',
    help: 'What waits in the node to be worked on',
    read: queueEntries,
  },
  gauge(
    'buffered_bytes',
    'Bytes waiting for devices: the queue out',
    ({ node }) => node.counters.bufferedBytes,
  ),
  {
    name: 'pushctl_http_requests_total',
    type: 'counter',
    help: 'Requests answered by the API; status "aborted" where the client left first',
    read: requestCounts,
  },
  gauge('http_streams_open', 'Streams open on the API', ({ api }) => api.streams),
  {
    name: 'pushctl_http_request_duration_seconds',
    type: 'histogram',
    help: 'From the head of a request to the end of its answer, streams left out',
    read: requestLatencies,
  },
  {
    name: 'pushctl_shard_answer_seconds',
    type: 'histogram',
    help: 'How long shards take to answer the main thread',
    read: ({ node }) => buckets({}, node.health.shardAnswers),
  },
  gauge('load_level', '0: all is served, to 3', ({ node }) => node.load.level),
  gauge('ready', '1 when new devices may come', ({ readiness }) => Number(readiness.ready)),
  single('counter', 'ready_seconds_total', 'Time in which the node was ready', ({ node }) => {
    return node.health.readySeconds
  }),
  single('counter', 'up_seconds_total', 'Time since the node started', ({ node }) => {
    return node.health.upSeconds
  }),
  gauge('shards', 'Shards that the node should have', ({ node }) => node.shards.length),
  gauge('shards_up', 'Shards that live and answer', ({ node }) => {
    return node.shards.filter(({ state }) => state === 'up').length
  }),
  single('counter', 'shards_lost_total', 'Shards that died', ({ node }) => node.health.shardsLost),
]

const TRAFFIC: readonly Metric[] = [
  counter('connections_accepted_total', 'Connections accepted', 'connectionsAccepted'),
  counter('accepts_deferred_total', 'Accepts put off by admission', 'acceptsDeferred'),
  counter('hellos_accepted_total', 'HELLO frames answered by WELCOME', 'hellosAccepted'),
  named('counter', 'hellos_refused_total', 'HELLO frames refused', 'reason', ({ node }) => {
    return node.counters.hellosRefused
  }),
  named('counter', 'closes_total', 'Connections ended, by BYE code or end', 'cause', ({ node }) => {
    return node.counters.closes
  }),
  named('counter', 'refusals_total', 'What was refused, by reason', 'reason', ({ node }) => {
    return node.counters.refusals
  }),
  counter('frames_received_total', 'Frames from devices', 'framesReceived'),
  counter('messages_sent_total', 'MSG frames sent', 'messagesSent'),
  counter('pushes_accepted_total', 'Pushes accepted by the API', 'pushesAccepted'),
  counter('received_bytes_total', 'Bytes from devices', 'bytesReceived'),
  counter('sent_bytes_total', 'Bytes to devices', 'bytesSent'),
  counter('heartbeats_total', 'PING frames answered', 'heartbeats'),
  gauge('connections_open', 'Connections open now', ({ node }) => node.counters.connectionsOpen),
  gauge('connections_max', 'Connections that the node admits', ({ node }) => node.connectionsMax),
  named('gauge', 'connections', 'Connections open now, by state', 'state', ({ node }) => {
    return node.health.connections.states
  }),
  gauge('devices_online', 'Devices with a session', ({ node }) => node.counters.devicesOnline),
  named('gauge', 'devices', 'Devices with a session, by carrier', 'carrier', ({ node }) => {
    return node.health.connections.carriers
  }),
]

const RUNTIME: readonly Metric[] = [
  gauge('clock_offset_seconds', 'How far the time of day was set since the start', ({ node }) => {
    return node.health.clockOffsetSeconds
  }),
  gauge('start_time_seconds', 'Start of the node, Unix time', (s) => s.node.startedAtMs / 1e3),
  gauge('memory_resident_bytes', 'RSS of all processes', ({ node }) => node.memory.rssBytes),
  gauge('memory_heap_bytes', 'JavaScript heap in use', ({ node }) => node.memory.heapUsedBytes),
  gauge('memory_external_bytes', 'Buffers outside the heap', ({ node }) => {
    return node.memory.externalBytes
  }),
  {
    name: 'pushctl_build',
    type: 'gauge',
    help: 'Always 1; the labels say what runs',
    read: ({ node }) => [{ labels: { name: node.name, version: node.version }, value: 1 }],
  },
  byShard('gauge', 'shard_up', '1 for a shard that lives and answers', ({ state }) => {
    return Number(state === 'up')
  }),
  byShard('counter', 'shard_restarts_total', 'Times a shard was started again', (shard) => {
    return shard.restarts
  }),
  byShard('gauge', 'shard_connections_open', 'Connections open, by shard', (shard) => {
    return shard.connectionsOpen
  }),
  byShard('gauge', 'shard_devices_online', 'Devices with a session, by shard', (shard) => {
    return shard.devicesOnline
  }),
  byShard('counter', 'shard_cpu_seconds_total', 'CPU time of its process, by shard', (shard) => {
    return shard.cpuUs / 1e6
  }),
  {
    name: 'pushctl_gc_pause_seconds',
    type: 'summary',
    help: 'Garbage collection pauses of all processes of the node, by kind',
    read: ({ node }) => node.gc.kinds.flatMap(({ kind, pauses }) => quantiles({ kind }, pauses)),
  },
  {
    name: 'pushctl_loop_lag_seconds',
    type: 'summary',
    help: 'How late the event loops of the node run',
    read: ({ node }) => (node.gc.loop_lag === null ? [] : quantiles({}, node.gc.loop_lag)),
  },
]

export const METRICS: readonly Metric[] = [
  ...ALARMS,
  ...TRAFFIC,
  ...STORE_METRICS,
  ...UPSTREAM_METRICS,
  ...RUNTIME,
]

function queueEntries({ node, api }: MetricSource): Sample[] {
  const entries = {
    'http-requests': api.inFlight,
    'shard-questions': node.health.shardQuestionsPending,
    webhooks: (node.upstream?.webhooks ?? []).reduce((sum, each) => sum + each.queuedEvents, 0),
    joining: node.health.connections.states['joining'] ?? 0,
  }
  return Object.entries(entries).map(([queue, value]) => ({ labels: { queue }, value }))
}

function requestCounts({ api }: MetricSource): Sample[] {
  return api.routes.flatMap(({ method, route, statuses }) =>
    Object.entries(statuses).map(([status, value]) => ({
      labels: { method, route, status },
      value,
    })),
  )
}

/** Routes that nobody has asked yet have no series: sixteen buckets each would be noise. */
function requestLatencies({ api }: MetricSource): Sample[] {
  return api.routes.flatMap(({ method, route, latency }) =>
    latency === null || latency.count === 0 ? [] : buckets({ method, route }, latency),
  )
}
