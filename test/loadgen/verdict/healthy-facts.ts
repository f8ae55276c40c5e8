/** A generator about which there is nothing to say; tests change one thing at a time. */
import type { ThreadFacts, VerdictFacts } from '../../../src/loadgen/verdict/verdict-facts.ts'
import type { HostCounters } from '../../../src/stats/run-report.ts'

export const HEALTHY_THREAD: ThreadFacts = {
  name: 'shard 0',
  cpuShare: 0.4,
  waitShare: 0.01,
  loopLagUsP99: 2_000,
  gcPauseUsMax: 4_000,
}

export const HEALTHY_HOST: HostCounters = {
  time_wait: 0,
  retransmits: 0,
  segments_sent: 1_000_000,
  segments_received: 1_000_000,
  listen_overflows: 0,
  softnet_packets: 1_000_000,
  softnet_drops: 0,
  softnet_squeezes: 0,
  backlog_drops: 0,
  receive_queue_drops: 0,
  receive_pruned: 0,
  receive_collapsed: 0,
  zero_windows: 0,
  cpu_percent: 50,
  cpu_softirq_percent: 5,
  cpu_steal_percent: 0,
}

export const UNKNOWN_HOST: HostCounters = {
  time_wait: null,
  retransmits: null,
  listen_overflows: null,
  softnet_drops: null,
  cpu_percent: null,
}

export const HEALTHY: VerdictFacts = {
  planned: 10_000,
  late: 0,
  unsent: 0,
  threads: [HEALTHY_THREAD],
  shards: 2,
  shardsLost: 0,
  connections: 1_000,
  failures: [],
  latencies: { count: 20_000, clamped: 0 },
  bytes: [
    { direction: 'sent', expected: 2_560_000, counted: 2_560_000 },
    { direction: 'received', expected: 2_560_000, counted: 2_560_000 },
  ],
  host: HEALTHY_HOST,
  hostInAll: HEALTHY_HOST,
  hosts: [],
  isTargetHere: false,
  measuredSeconds: 10,
}
