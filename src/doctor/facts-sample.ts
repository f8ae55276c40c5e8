/**
 * One moment of everything that moves. Two of them, windowMs apart, turn counters into rates
 * (counter-moves.ts).
 */
import type { Fact } from './fact.ts'
import type { CounterTable } from './parsers/counter-table.ts'
import type { CpuTimes } from './parsers/cpu-times.ts'
import type { FileNr } from './parsers/file-nr.ts'
import type { InterruptRow } from './parsers/interrupts.ts'
import type { NameValues } from './parsers/name-values.ts'
import type { Pressure } from './parsers/pressure.ts'
import type { MetricTable } from './parsers/prometheus-text.ts'
import type { ProtocolRow } from './parsers/protocols.ts'
import type { Sockstat } from './parsers/sockstat.ts'
import type { SoftirqTable } from './parsers/softirqs.ts'
import type { SoftnetRow } from './parsers/softnet-stat.ts'
import type { ListenerRow } from './parsers/ss-listeners.ts'
import type { SocketRow } from './parsers/ss-sockets.ts'
import type { QdiscRow } from './parsers/tc-qdisc.ts'
import type { ThreadStat } from './parsers/thread-stat.ts'

export interface Sample {
  readonly uptimeSeconds: Fact<number>
  /** /proc/net/netstat: TcpExt.*, IpExt.* */
  readonly netstat: Fact<CounterTable>
  /** /proc/net/snmp: Tcp.*, Ip.*, Udp.* */
  readonly snmp: Fact<CounterTable>
  readonly sockstat: Fact<Sockstat>
  readonly protocols: Fact<readonly ProtocolRow[]>
  readonly softnet: Fact<readonly SoftnetRow[]>
  readonly cpuTimes: Fact<readonly CpuTimes[]>
  readonly softirqs: Fact<SoftirqTable>
  readonly interrupts: Fact<readonly InterruptRow[]>
  readonly vmstat: Fact<NameValues>
  /** Bytes. */
  readonly meminfo: Fact<NameValues>
  readonly fileNr: Fact<FileNr>
  readonly arpCacheStat: Fact<NameValues>
  readonly conntrackStat: Fact<NameValues>
  readonly conntrackCount: Fact<number>
  readonly memoryPressure: Fact<Pressure>
  readonly cpuPressure: Fact<Pressure>
  readonly listeners: Fact<readonly ListenerRow[]>
  /**
   * Sockets in SYN-RECV, CLOSE-WAIT, FIN-WAIT-1/2, LAST-ACK, CLOSING: one walk, filtered in the
   * kernel.
   */
  readonly transientSockets: Fact<TransientSockets>
  readonly interfaces: Readonly<Record<string, InterfaceCounters>>
  readonly qdiscs: Fact<readonly QdiscRow[]>
  /** CPU number → its ksoftirqd thread. */
  readonly ksoftirqd: Fact<Readonly<Record<number, ThreadStat>>>
  /** By pid, for Facts.processes. */
  readonly processes: Readonly<Record<number, ProcessSample>>
  /** By URL, for --metrics. */
  readonly metrics: Readonly<Record<string, Fact<MetricTable>>>
}

export interface TransientSockets {
  readonly rows: readonly SocketRow[]
  /** True when reading stopped at a limit: there are more. */
  readonly partial: boolean
}

export interface InterfaceCounters {
  /** /sys/class/net/IF/statistics. */
  readonly statistics: Fact<NameValues>
  /** `ethtool -S IF`, where installed. */
  readonly driverStatistics: Fact<NameValues>
}

export interface ProcessSample {
  readonly threads: Fact<readonly ThreadStat[]>
  readonly rssBytes: Fact<number>
  readonly swapBytes: Fact<number>
  readonly fdCount: Fact<FdCount>
  readonly cgroupMemoryEvents: Fact<NameValues>
  readonly cgroupMemoryStat: Fact<NameValues>
  readonly cgroupMemoryCurrent: Fact<number>
  readonly cgroupCpuStat: Fact<NameValues>
  readonly sockets: Fact<ProcessSockets>
}

export interface ProcessSockets {
  /** `port`: owners were not asked for, these are all sockets of the port it was found by. */
  readonly scope: 'process' | 'port'
  /** Reading stopped at a limit: there are more. */
  readonly partial: boolean
  /** ESTAB → how many; listeners left out. */
  readonly byState: Readonly<Record<string, number>>
  /** Those with bytes in a queue. */
  readonly queued: readonly QueuedSocket[]
}

export interface QueuedSocket {
  readonly local: string
  readonly peer: string
  readonly state: string
  /** Received and not read by the program. */
  readonly unreadBytes: number
  /** Written by the program and not acknowledged by the peer. */
  readonly unsentBytes: number
}

export interface FdCount {
  readonly count: number
  /** False: only an upper bound (FDSize) could be read cheaply. */
  readonly exact: boolean
}
