/**
 * What the kernel of this host counts about its network and CPUs, read before and after a run: the
 * causes behind a tail latency that no process sees by itself. A file or counter that is not there
 * (another OS, an older kernel) is null, never 0. Scope: sockstat, snmp and netstat belong to the
 * network namespace; softnet, /proc/stat, and the TCP memory are of the whole machine. A sample
 * costs six small reads, about 0.2 ms, on the thread that asks.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CpuTicks,
  parseCpuTicks,
  parseSnmp,
  parseSockstat,
  parseSoftnet,
  type SoftnetRow,
} from './kernel-tables.ts'
import type { HostCounters } from './run-report.ts'

/** Name in the report → name in the kernel's file. Totals only grow; gauges go both ways. */
const TOTALS = {
  retransmits: 'Tcp.RetransSegs',
  segments_sent: 'Tcp.OutSegs',
  segments_received: 'Tcp.InSegs',
  syn_retransmits: 'TcpExt.TCPSynRetrans',
  tcp_timeouts: 'TcpExt.TCPTimeouts',
  listen_overflows: 'TcpExt.ListenOverflows',
  listen_drops: 'TcpExt.ListenDrops',
  backlog_drops: 'TcpExt.TCPBacklogDrop',
  receive_queue_drops: 'TcpExt.TCPRcvQDrop',
  // A receive buffer was full: its queue was packed tighter, cut, or its sender told to stop.
  receive_collapsed: 'TcpExt.TCPRcvCollapsed',
  receive_pruned: 'TcpExt.PruneCalled',
  zero_windows: 'TcpExt.TCPToZeroWindowAdv',
  time_wait_overflows: 'TcpExt.TCPTimeWaitOverflow',
  aborts_on_memory: 'TcpExt.TCPAbortOnMemory',
} as const
const GAUGES = {
  time_wait: 'TCP.tw',
  orphans: 'TCP.orphan',
  tcp_memory_pages: 'TCP.mem',
} as const

export type KernelFile =
  | 'net/sockstat'
  | 'net/sockstat6'
  | 'net/snmp'
  | 'net/netstat'
  | 'net/softnet_stat'
  | 'stat'

/** One moment. Plain, so that it may travel between threads and hosts. */
export interface HostSample {
  readonly totals: Readonly<Record<string, number | null>>
  readonly gauges: Readonly<Record<string, number | null>>
  readonly softnet: readonly SoftnetRow[] | null
  readonly cpu: CpuTicks | null
}

/** @param root where `proc` is: `/`, or the folder of a captured host. */
export function readHostSample(root = '/'): HostSample {
  return sampleFrom((file) => {
    try {
      return readFileSync(join(root, 'proc', file), 'latin1')
    } catch {
      return null
    }
  })
}

/** @param textOf the text of a file under /proc, null when it is not there. */
export function sampleFrom(textOf: (file: KernelFile) => string | null): HostSample {
  const sockstat = parseSockstat(textOf('net/sockstat') ?? '')
  const sockstat6 = parseSockstat(textOf('net/sockstat6') ?? '')
  const snmp = new Map([
    ...parseSnmp(textOf('net/snmp') ?? ''),
    ...parseSnmp(textOf('net/netstat') ?? ''),
  ])
  const inUse = sockstat.get('TCP.inuse')
  return {
    totals: pick(TOTALS, snmp),
    gauges: {
      ...pick(GAUGES, sockstat),
      // IPv6 may be compiled out; IPv4 may not.
      sockets_in_use: inUse === undefined ? null : inUse + (sockstat6.get('TCP6.inuse') ?? 0),
    },
    softnet: parseSoftnet(textOf('net/softnet_stat') ?? ''),
    cpu: parseCpuTicks(textOf('stat') ?? ''),
  }
}

/** `host` of the run report: both moments and what happened between them. */
export function hostReportOf(before: HostSample, after: HostSample) {
  const delta = deltaOf(before, after)
  return { before: countersOf(before), after: { ...countersOf(after), ...cpuOf(delta) }, delta }
}

/** The counters of one moment as they stand; CPU use is null because it needs an interval. */
export function countersOf(sample: HostSample): HostCounters {
  return {
    ...NOTHING_KNOWN,
    ...sample.gauges,
    ...sample.totals,
    softnet_packets: sumOf(sample.softnet, 'packets'),
    softnet_drops: sumOf(sample.softnet, 'dropped'),
    softnet_squeezes: sumOf(sample.softnet, 'squeezed'),
  }
}

/**
 * What happened between two samples. null where either is unknown, or a total went back (another
 * namespace, a reboot).
 */
export function deltaOf(before: HostSample, after: HostSample): HostCounters {
  const delta: Record<string, number | null> = {}
  for (const [name, value] of Object.entries(after.gauges)) {
    delta[name] = difference(before.gauges[name], value)
  }
  for (const [name, value] of Object.entries(after.totals)) {
    const grown = difference(before.totals[name], value)
    delta[name] = grown !== null && grown < 0 ? null : grown
  }
  return {
    ...NOTHING_KNOWN,
    ...delta,
    softnet_packets: softnetDelta(before.softnet, after.softnet, 'packets'),
    softnet_drops: softnetDelta(before.softnet, after.softnet, 'dropped'),
    softnet_squeezes: softnetDelta(before.softnet, after.softnet, 'squeezed'),
    cpu_percent: cpuPercent(before.cpu, after.cpu, 'busy'),
    cpu_softirq_percent: cpuPercent(before.cpu, after.cpu, 'softirq'),
    cpu_steal_percent: cpuPercent(before.cpu, after.cpu, 'steal'),
  }
}

const NOTHING_KNOWN: HostCounters = {
  time_wait: null,
  retransmits: null,
  listen_overflows: null,
  softnet_drops: null,
  cpu_percent: null,
  cpu_softirq_percent: null,
  cpu_steal_percent: null,
}

function cpuOf(delta: HostCounters) {
  const { cpu_percent, cpu_softirq_percent, cpu_steal_percent } = delta
  return { cpu_percent, cpu_softirq_percent, cpu_steal_percent }
}

function pick(names: Readonly<Record<string, string>>, values: ReadonlyMap<string, number>) {
  const picked: Record<string, number | null> = {}
  for (const [name, kernelName] of Object.entries(names)) {
    picked[name] = values.get(kernelName) ?? null
  }
  return picked
}

function difference(before: number | null | undefined, after: number | null): number | null {
  return before === null || before === undefined || after === null ? null : after - before
}

type SoftnetColumn = 'packets' | 'dropped' | 'squeezed'

function sumOf(rows: readonly SoftnetRow[] | null, column: SoftnetColumn): number | null {
  return rows === null ? null : rows.reduce((sum, row) => sum + row[column], 0)
}

/** Per CPU, because each column wraps on its own; a CPU that is in one sample only is left out. */
function softnetDelta(
  before: readonly SoftnetRow[] | null,
  after: readonly SoftnetRow[] | null,
  column: SoftnetColumn,
): number | null {
  if (before === null || after === null) return null
  let sum = 0
  for (const row of after) {
    const earlier = before.find(({ cpu }) => cpu === row.cpu)
    if (earlier) sum += (row[column] - earlier[column]) >>> 0
  }
  return sum
}

/** One decimal. null without a whole tick in between. */
function cpuPercent(
  before: CpuTicks | null,
  after: CpuTicks | null,
  column: 'busy' | 'softirq' | 'steal',
): number | null {
  if (before === null || after === null || after.total <= before.total) return null
  const share = (after[column] - before[column]) / (after.total - before.total)
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10
}
