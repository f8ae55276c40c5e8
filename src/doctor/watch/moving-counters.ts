/**
 * The counters that --watch shows, drawn from one pair of samples. What could not be read is null
 * and shown as "?", never as 0.
 */
import { counterMove } from '../counter-moves.ts'
import { cpuShares } from '../cpu-shares.ts'
import type { Fact } from '../fact.ts'
import type { Facts } from '../facts.ts'
import { PAGE_BYTES } from '../socket-demand.ts'
import { softnetTotal } from '../softnet-moves.ts'
import { sysctlNumber, sysctlNumbers } from '../sysctl-facts.ts'
import { TCP_MEM_KEY } from '../tcp-mem-vector.ts'

type Count = number | null

export interface MovingCounters {
  /** ESTABLISHED and CLOSE_WAIT, as the kernel counts them. */
  readonly established: Count
  readonly timeWait: Count
  readonly timeWaitMax: Count
  readonly orphans: Count
  readonly orphansMax: Count
  readonly tcpMemoryBytes: Count
  /** Where the kernel begins to hold memory back. */
  readonly tcpPressureBytes: Count
  readonly acceptsPerSecond: Count
  readonly connectsPerSecond: Count
  readonly listenOverflowsPerSecond: Count
  readonly listenDropsPerSecond: Count
  readonly segmentsPerSecond: Count
  readonly retransmitsPerSecond: Count
  readonly softnetDropsPerSecond: Count
  readonly softnetSqueezesPerSecond: Count
  /** Empty where the window was too short to tell. */
  readonly cpus: readonly CpuLoad[]
}

export interface CpuLoad {
  readonly cpu: number
  /** 0 … 1, as `busy`. */
  readonly softirq: number
  readonly busy: number
}

export function movingCounters(facts: Facts): MovingCounters {
  const { sockstat, snmp } = facts.after
  const established = snmp.known ? snmp.value['Tcp.CurrEstab'] : undefined
  const pressure = valueOf(sysctlNumbers(facts, TCP_MEM_KEY, 3))?.[1]
  const rate = (name: string): Count => valueOf(counterMove(facts, name))?.perSecond ?? null
  const softnetRate = (column: 'dropped' | 'timeSqueeze'): Count =>
    valueOf(softnetTotal(facts, column))?.perSecond ?? null
  return {
    established: established ?? null,
    timeWait: sockstat.known ? sockstat.value.timeWait : null,
    timeWaitMax: valueOf(sysctlNumber(facts, 'net.ipv4.tcp_max_tw_buckets')),
    orphans: sockstat.known ? sockstat.value.orphans : null,
    orphansMax: valueOf(sysctlNumber(facts, 'net.ipv4.tcp_max_orphans')),
    tcpMemoryBytes: sockstat.known ? sockstat.value.tcpMemoryPages * PAGE_BYTES : null,
    tcpPressureBytes: pressure === undefined ? null : pressure * PAGE_BYTES,
    acceptsPerSecond: rate('Tcp.PassiveOpens'),
    connectsPerSecond: rate('Tcp.ActiveOpens'),
    listenOverflowsPerSecond: rate('TcpExt.ListenOverflows'),
    listenDropsPerSecond: rate('TcpExt.ListenDrops'),
    segmentsPerSecond: rate('Tcp.OutSegs'),
    retransmitsPerSecond: rate('Tcp.RetransSegs'),
    softnetDropsPerSecond: softnetRate('dropped'),
    softnetSqueezesPerSecond: softnetRate('timeSqueeze'),
    cpus: cpuLoads(facts),
  }
}

function cpuLoads(facts: Facts): CpuLoad[] {
  const shares = cpuShares(facts)
  if (!shares.known) return []
  return shares.value.rows.map(({ cpu, softirq, idle }) => ({ cpu, softirq, busy: 1 - idle }))
}

function valueOf<T>(fact: Fact<T>): T | null {
  return fact.known ? fact.value : null
}
