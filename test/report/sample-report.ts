/**
 * A run with something in every section, for the tests of all outputs. Distributions are real
 * recorders.
 */
import { endTimesOf } from '../../src/stats/end-times.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import type { DistributionReport, RunReport } from '../../src/stats/run-report.ts'

export function distributionOf(...values: readonly number[]): DistributionReport {
  const recorder = new LatencyRecorder()
  for (const value of values) recorder.recordUs(value)
  return recorder.summary()
}

/** Slow readers of so many hosts, cut after so many milliseconds, and a dropper that came back. */
export function badClientsOf(
  pushed: number,
  endsMs: Readonly<Record<string, readonly number[]>>,
  hosts = 1,
): NonNullable<RunReport['bad_clients']> {
  const ends = Object.entries(endsMs).map(([cause, ms]) => {
    const times = new LatencyRecorder()
    for (const each of ms) times.recordUs(each)
    const after_ms = endTimesOf(times, Math.min(...ms), Math.max(...ms))
    return { cause, count: ms.length, after_ms }
  })
  const counts = { wanted: 50 * hosts, connected: 60 * hosts, failed: hosts }
  const rest = { alive_at_end: 49 * hosts, received: 5_000 * hosts }
  const cut = ends.reduce((sum, { count }) => sum + count, 0)
  const dropped = { dropped: 3 * hosts, came_back: 2 * hosts }
  return {
    pushed,
    kinds: [
      { kind: 'slow-reader', ...counts, ...rest, cut, ends },
      { kind: 'dropper', ...counts, ...rest, ...dropped, cut: 0, ends: [] },
    ],
  }
}

const SPREAD = Array.from({ length: 10_000 }, (_, index) => 200 + index * 3)
const push = distributionOf(...SPREAD, 812_000, 2_310_000)
const pushService = distributionOf(...SPREAD.map((value) => value / 2))

export const SAMPLE_REPORT: RunReport = {
  schema: 'pushctl.bench/1',
  started_at: '2026-11-20T10:00:00.000Z',
  duration_ms: 60_012.4,
  interrupted: false,
  mode: 'unicast',
  targets: ['tcp://127.0.0.1:7000', 'ws://127.0.0.1:7001/push'],
  engine: 'epoll',
  verdict: {
    value: 'SUSPECT',
    reasons: ['loop lag p99 was 12 ms on shard 1: add --workers or lower --rate'],
  },
  connections: {
    requested: 50_000,
    attempted: 50_000,
    established: 49_990,
    failed: 10,
    alive_at_end: 49_988,
    connects_per_second: 12_345.6,
    failures: [
      {
        phase: 'connect',
        cause: 'ECONNREFUSED',
        count: 7,
        first_ms: 1204,
        sample: 'connect ECONNREFUSED 127.0.0.1:7000',
      },
      {
        phase: 'hello',
        cause: 'close 4100',
        count: 3,
        first_ms: 2000,
        sample: 'node is full\u001b[2J\r\nand rude',
      },
    ],
  },
  messages: {
    planned: 1_000_000,
    sent: 999_000,
    late: 1200,
    unsent: 1000,
    expected: 999_000,
    received: 998_990,
    lost: 10,
    duplicated: 0,
    reordered: 2,
    sent_per_second: 16_650,
    received_per_second: 16_649.8,
  },
  metrics: {
    connect_time: { unit: 'us', response: distributionOf(310, 420), service: distributionOf(300) },
    push_latency: { unit: 'us', response: push, service: pushService },
    heartbeat_rtt: { unit: 'us', response: distributionOf(), service: distributionOf() },
  },
  gc: {
    generator: {
      known: true,
      kinds: [
        { kind: 'major', pauses: distributionOf(2100) },
        { kind: 'minor', pauses: distributionOf(300, 410, 1250) },
      ],
      loop_lag: distributionOf(900, 1100, 12_000),
      loop_lag_steady: distributionOf(900, 1100),
    },
    target: { known: false, kinds: [], loop_lag: null },
  },
  host: {
    before: host({ time_wait: 4, retransmits: 10, softnet_drops: null, cpu_percent: null }),
    after: host({ time_wait: 16, retransmits: 13, softnet_drops: null, cpu_percent: 81.2 }),
    delta: host({
      time_wait: 12,
      retransmits: 3,
      softnet_drops: null,
      cpu_percent: 81.2,
      listen_drops: 5,
      cpu_steal_percent: 2.5,
      segments_sent: 9_000_000,
      tcp_timeouts: 0,
    }),
    peaks: { time_wait: 40, retransmits_per_second: 2 },
  },
  hosts: [
    {
      host: 'this host',
      role: 'both',
      failure: null,
      window_ms: 34_000,
      readings: 3,
      before: { time_wait: 4, busiest_cpu_percent: 10 },
      peaks: { time_wait: 40, busiest_cpu_percent: 96 },
      after: { time_wait: 16, busiest_cpu_percent: 80 },
      findings: [
        {
          id: 'listen/overflow',
          subject: null,
          title: 'Accept queue overflows',
          status: 'critical',
          observed: '120 connections were turned away in 34 s',
          needed: '0',
          why: 'An accept queue that is full drops connections.',
          fix_now: 'sysctl -w net.core.somaxconn=8192',
          fix_for_good: '/etc/sysctl.d/90-pushctl.conf: net.core.somaxconn = 8192',
        },
        {
          id: 'nic/rps',
          subject: 'eth0',
          title: 'Receive packet steering',
          status: 'unknown',
          observed: 'unknown: no such file',
          needed: '',
          why: 'One queue means one core.',
          fix_now: '',
          fix_for_good: '',
        },
      ],
    },
  ],
  memory: { generator_bytes_per_connection: 112.4, target_bytes_per_connection: null },
  thresholds: [
    { expression: 'push_latency:p99<50ms', observed: 29_903, limit: 50_000, held: true },
    { expression: 'messages.lost==0', observed: 10, limit: 0, held: false },
    { expression: 'lost<0.1%', observed: 0.001, limit: 0.1, held: true },
    { expression: 'heartbeat_rtt:p99<1s', observed: null, limit: 1_000_000, held: false },
  ],
  intervals: [
    { at_ms: 1000, connections: 100, sent: 10, received: 10, p50: 200, p99: 300, max: 400 },
  ],
  environment: { node: 'v20.20.2', kernel: '6.1.0', cpus: 2, container: null },
  plan: {
    headline: '2 shards in threads, 3 source addresses, 25,000 connections each',
    shards: [],
  },
}

function host(known: Readonly<Record<string, number | null>>) {
  return {
    time_wait: null,
    retransmits: null,
    listen_overflows: 0,
    softnet_drops: null,
    cpu_percent: null,
    ...known,
  }
}
