/**
 * Every metric of /metrics, one row each: name, type, help and where its samples come from. There
 * is no label per device: a million series would cost the monitoring more than the devices cost the
 * node.
 */
import type { DistributionReport } from '../../stats/run-report.ts'
import type { NodeCounters, NodeDescription, Readiness, ShardDescription } from '../node-control.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** `_sum` or `_count` of a summary. */
  readonly suffix?: string
}

export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly help: string
  readonly read: (node: NodeDescription, readiness: Readiness) => readonly Sample[]
}

export const METRICS: readonly Metric[] = [
  counter('connections_accepted_total', 'Connections accepted', 'connectionsAccepted'),
  counter('accepts_deferred_total', 'Accepts put off by admission', 'acceptsDeferred'),
  counter('hellos_accepted_total', 'HELLO frames answered by WELCOME', 'hellosAccepted'),
  named('hellos_refused_total', 'HELLO frames refused', 'reason', (node) => node.hellosRefused),
  named('closes_total', 'Connections ended, by BYE code or end', 'cause', (node) => node.closes),
  counter('frames_received_total', 'Frames from devices', 'framesReceived'),
  counter('messages_sent_total', 'MSG frames sent', 'messagesSent'),
  counter('pushes_accepted_total', 'Pushes accepted by the API', 'pushesAccepted'),
  counter('received_bytes_total', 'Bytes from devices', 'bytesReceived'),
  counter('sent_bytes_total', 'Bytes to devices', 'bytesSent'),
  counter('heartbeats_total', 'PING frames answered', 'heartbeats'),
  gauge('connections_open', 'Connections open now', (node) => node.counters.connectionsOpen),
  gauge('connections_max', 'Connections that the node admits', (node) => node.connectionsMax),
  gauge('devices_online', 'Devices with a session', (node) => node.counters.devicesOnline),
  gauge('buffered_bytes', 'Bytes waiting for devices', (node) => node.counters.bufferedBytes),
  gauge('ready', '1 when new devices may come', (_node, readiness) => Number(readiness.ready)),
  gauge('start_time_seconds', 'Start of the node, Unix time', (node) => node.startedAtMs / 1e3),
  gauge('memory_resident_bytes', 'RSS of all processes', (node) => node.memory.rssBytes),
  gauge('memory_heap_bytes', 'JavaScript heap in use', (node) => node.memory.heapUsedBytes),
  gauge('memory_external_bytes', 'Buffers outside the heap', (node) => node.memory.externalBytes),
  {
    name: 'pushctl_build',
    type: 'gauge',
    help: 'Always 1; the labels say what runs',
    read: (node) => [{ labels: { name: node.name, version: node.version }, value: 1 }],
  },
  shardGauge('shard_connections_open', 'Connections open, by shard', (s) => s.connectionsOpen),
  shardGauge('shard_devices_online', 'Devices with a session, by shard', (s) => s.devicesOnline),
  {
    name: 'pushctl_shard_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time, by shard',
    read: (node) => shardSamples(node, (shard) => shard.cpuUs / 1e6),
  },
  {
    name: 'pushctl_gc_pause_seconds',
    type: 'summary',
    help: 'Garbage collection pauses of all processes of the node, by kind',
    read: (node) => node.gc.kinds.flatMap(({ kind, pauses }) => quantiles({ kind }, pauses)),
  },
  {
    name: 'pushctl_loop_lag_seconds',
    type: 'summary',
    help: 'How late the event loops of the node run',
    read: (node) => (node.gc.loop_lag === null ? [] : quantiles({}, node.gc.loop_lag)),
  },
]

/** The counters that are one number. */
type PlainCounter = {
  [Name in keyof NodeCounters]: NodeCounters[Name] extends number ? Name : never
}[keyof NodeCounters]

function counter(name: string, help: string, field: PlainCounter): Metric {
  const read = (node: NodeDescription) => [{ labels: {}, value: node.counters[field] }]
  return { name: `pushctl_${name}`, type: 'counter', help, read }
}

function named(
  name: string,
  help: string,
  label: string,
  countsOf: (counters: NodeCounters) => Readonly<Record<string, number>>,
): Metric {
  const read = (node: NodeDescription) =>
    Object.entries(countsOf(node.counters)).map(([key, value]) => ({
      labels: { [label]: key },
      value,
    }))
  return { name: `pushctl_${name}`, type: 'counter', help, read }
}

function gauge(
  name: string,
  help: string,
  valueOf: (node: NodeDescription, readiness: Readiness) => number,
): Metric {
  const read: Metric['read'] = (node, readiness) => [
    { labels: {}, value: valueOf(node, readiness) },
  ]
  return { name: `pushctl_${name}`, type: 'gauge', help, read }
}

function shardGauge(name: string, help: string, of: (shard: ShardDescription) => number): Metric {
  return { name: `pushctl_${name}`, type: 'gauge', help, read: (node) => shardSamples(node, of) }
}

function shardSamples(node: NodeDescription, of: (shard: ShardDescription) => number): Sample[] {
  return node.shards.map((shard) => ({ labels: { shard: shard.index }, value: of(shard) }))
}

/** Quantile 1 is the maximum. Prometheus wants seconds; the report has microseconds. */
function quantiles(labels: Record<string, string>, report: DistributionReport): Sample[] {
  const { p50, p90, p99, p99_9, max } = report
  const pairs = [
    [0.5, p50],
    [0.9, p90],
    [0.99, p99],
    [0.999, p99_9],
    [1, max],
  ] as const
  return [
    ...pairs.map(([quantile, us]) => ({ labels: { ...labels, quantile }, value: us / 1e6 })),
    { labels, value: (report.mean * report.count) / 1e6, suffix: '_sum' },
    { labels, value: report.count, suffix: '_count' },
  ]
}
