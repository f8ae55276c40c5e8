import { describe, expect, it } from 'vitest'
import { clockMismatch } from '../../src/loadgen/verdict/clock-mismatch.ts'
import { cpuSteal } from '../../src/loadgen/verdict/cpu-steal.ts'
import { gcPause } from '../../src/loadgen/verdict/gc-pause.ts'
import { lateness } from '../../src/loadgen/verdict/lateness.ts'
import { listenOverflows } from '../../src/loadgen/verdict/listen-overflows.ts'
import { loopLag } from '../../src/loadgen/verdict/loop-lag.ts'
import { ownLimits } from '../../src/loadgen/verdict/own-limits.ts'
import { portExhaustion } from '../../src/loadgen/verdict/port-exhaustion.ts'
import { receiveBacklog } from '../../src/loadgen/verdict/receive-backlog.ts'
import { retransmits } from '../../src/loadgen/verdict/retransmits.ts'
import { runQueue } from '../../src/loadgen/verdict/run-queue.ts'
import { shardLost } from '../../src/loadgen/verdict/shard-lost.ts'
import { softnetDrops } from '../../src/loadgen/verdict/softnet-drops.ts'
import { softnetSqueezes } from '../../src/loadgen/verdict/softnet-squeezes.ts'
import { threadCpu } from '../../src/loadgen/verdict/thread-cpu.ts'
import type {
  ThreadFacts,
  VerdictFacts,
  VerdictRule,
} from '../../src/loadgen/verdict/verdict-facts.ts'
import { HEALTHY, HEALTHY_HOST, HEALTHY_THREAD } from './verdict/healthy-facts.ts'

type Change = Partial<VerdictFacts>
const thread = (change: Partial<ThreadFacts>): Change => ({
  threads: [HEALTHY_THREAD, { ...HEALTHY_THREAD, name: 'shard 1', ...change }],
})
const host = (counters: Record<string, number>): Change => ({
  host: { ...HEALTHY_HOST, ...counters },
})
const failed = (cause: string, count: number): Change => ({ failures: [{ cause, count }] })

/** Rule, the last value that passes, the first that does not, and the first that ends all trust. */
const EDGES: readonly (readonly [string, VerdictRule, Change, Change, Change | null])[] = [
  [
    'late and unsent',
    lateness,
    { late: 60, unsent: 40 },
    { late: 61, unsent: 40 },
    { late: 1_001 },
  ],
  ['lost shards', shardLost, { shardsLost: 0 }, { shardsLost: 1 }, { shardsLost: 2 }],
  [
    'loop lag',
    loopLag,
    thread({ loopLagUsP99: 20_000 }),
    thread({ loopLagUsP99: 20_001 }),
    thread({ loopLagUsP99: 200_001 }),
  ],
  [
    'collections',
    gcPause,
    thread({ gcPauseUsMax: 50_000 }),
    thread({ gcPauseUsMax: 50_001 }),
    thread({ gcPauseUsMax: 500_001 }),
  ],
  [
    'a full core',
    threadCpu,
    thread({ cpuShare: 0.85 }),
    thread({ cpuShare: 0.86 }),
    thread({ cpuShare: 0.98 }),
  ],
  [
    'the run queue',
    runQueue,
    thread({ waitShare: 0.15 }),
    thread({ waitShare: 0.16 }),
    thread({ waitShare: 0.41 }),
  ],
  [
    'stolen time',
    cpuSteal,
    host({ cpu_steal_percent: 3 }),
    host({ cpu_steal_percent: 3.1 }),
    host({ cpu_steal_percent: 10.1 }),
  ],
  [
    'dropped packets',
    softnetDrops,
    host({ softnet_packets: 999_900, softnet_drops: 100 }),
    host({ softnet_packets: 999_899, softnet_drops: 101 }),
    host({ softnet_packets: 989_999, softnet_drops: 10_001 }),
  ],
  [
    'squeezed rounds',
    softnetSqueezes,
    host({ softnet_squeezes: 1_000 }),
    host({ softnet_squeezes: 1_001 }),
    null,
  ],
  ['retransmits', retransmits, host({ retransmits: 10_000 }), host({ retransmits: 10_001 }), null],
  [
    'unread bytes',
    receiveBacklog,
    host({ receive_pruned: 50, zero_windows: 50 }),
    host({ receive_pruned: 51, zero_windows: 50 }),
    host({ receive_collapsed: 10_001 }),
  ],
  [
    'missing ports',
    portExhaustion,
    failed('ECONNREFUSED', 900),
    failed('EADDRNOTAVAIL', 1),
    failed('EADDRNOTAVAIL', 11),
  ],
  ['own limits', ownLimits, failed('ECONNRESET', 900), failed('EMFILE', 1), failed('ENOBUFS', 11)],
  [
    'two clocks',
    clockMismatch,
    { latencies: { count: 20_000, clamped: 0 } },
    { latencies: { count: 20_000, clamped: 1 } },
    { latencies: { count: 20_000, clamped: 201 } },
  ],
  [
    'a full accept queue',
    listenOverflows,
    { isTargetHere: false, hostInAll: { ...HEALTHY_HOST, listen_overflows: 7 } },
    { isTargetHere: true, hostInAll: { ...HEALTHY_HOST, listen_overflows: 1 } },
    null,
  ],
]

describe('the rules of the verdict', () => {
  it.each(EDGES)('%s: doubt begins just beyond the limit', (_, rule, fine, doubtful, worthless) => {
    expect(rule({ ...HEALTHY, ...fine })).toBeNull()
    expect(rule({ ...HEALTHY, ...doubtful })?.level).toBe('SUSPECT')
    if (worthless !== null) expect(rule({ ...HEALTHY, ...worthless })?.level).toBe('INVALID')
  })

  it('each say what was seen and what to change', () => {
    const reasons = EDGES.map(([, rule, , doubtful]) => rule({ ...HEALTHY, ...doubtful })?.reason)
    expect(reasons.join('\n')).toMatchInlineSnapshot(`
      "61 of 10,000 planned messages were sent late and 40 not at all (1 %): lower --rate or use more --workers
      1 of 2 generator shards died; their connections count as failed: look for the out-of-memory killer in the kernel log
      the event loop of shard 1 lagged 20 ms at p99: use more --workers or fewer --connections per host
      shard 1 stood still for 50 ms in a garbage collection: use more --workers, so that each heap is smaller
      shard 1 used 86 % of its core: use more --workers or lower --rate
      shard 1 waited 16 % of the time for a CPU: run the target on another host, or leave more cores free
      the hypervisor took 3.1 % of the CPU time of this machine: use a machine with CPUs of its own, or run again when it is quiet
      the kernel of this host dropped 101 packets on a full backlog (0.01 %): sysctl -w net.core.netdev_max_backlog=16384, or lower --rate
      packet handling of this host ran out of its budget 100 times a second: sysctl -w net.core.netdev_budget=600, or spread receive work over more CPUs (pushctl doctor)
      this host sent 10,001 of 1,000,000 segments again (1 %): look for loss on the path and for drops with pushctl doctor --role loadgen
      receive buffers of the generator ran full (receive pruned 51, zero windows 50; 0.01 % of the segments received): lower --rate or use more --workers
      1 connection (0.1 %) found no free local port: add addresses with --source-ip, or wait a minute for ports in TIME_WAIT
      1 connection (0.1 %) failed on a limit of this host (EMFILE): use more --processes or raise ulimit -n
      1 latency value (0.005 %) below 1 µs or beyond an hour: two clocks were compared, so publish and receive on one host, or synchronise the hosts
      an accept queue of this host was full 1 time, and connect_time has waits of a second or more: lower --connect-rate, or raise net.core.somaxconn and the backlog of the target"
    `)
  })

  it('name the worst thread and count the others that are beyond the limit', () => {
    const threads = [0.9, 0.99, 0.2, 0.86].map((cpuShare, index) => ({
      ...HEALTHY_THREAD,
      name: `shard ${index}`,
      cpuShare,
    }))
    expect(threadCpu({ ...HEALTHY, threads })).toMatchObject({
      level: 'INVALID',
      reason: expect.stringContaining('shard 1 (and 2 others) used 99 % of its core'),
    })
  })

  it('judge no path by a handful of segments', () => {
    const few = host({ segments_sent: 9_999, retransmits: 5_000 })
    expect(retransmits({ ...HEALTHY, ...few })).toBeNull()
  })

  it('never call a run worthless for buffers that may be the target’s own', () => {
    const full = { ...HEALTHY, ...host({ zero_windows: 500_000 }) }
    expect(receiveBacklog(full)?.level).toBe('INVALID')
    expect(receiveBacklog({ ...full, isTargetHere: true })?.level).toBe('SUSPECT')
  })
})
