/**
 * Interfaces, CPUs and tables of packets for tests of nic/*, cpu/* and conntrack/*. As in
 * facts-builder.ts, what is not said is unknown.
 */
import { type Fact, known, type Unknown, unknown } from '../../src/doctor/fact.ts'
import type { HostFacts } from '../../src/doctor/facts.ts'
import type { InterfaceFacts, IrqFacts, ReceiveQueueFacts } from '../../src/doctor/facts-network.ts'
import type { InterfaceCounters } from '../../src/doctor/facts-sample.ts'
import type { CpuTimes } from '../../src/doctor/parsers/cpu-times.ts'
import type { InterruptRow } from '../../src/doctor/parsers/interrupts.ts'
import type { SoftnetRow } from '../../src/doctor/parsers/softnet-stat.ts'

const NOTHING: Unknown = unknown('not part of this test', 'test')

export function interfaceWith(changes: Partial<InterfaceFacts> = {}): InterfaceFacts {
  return {
    name: 'eth0',
    kind: 'physical',
    up: true,
    receiveQueues: queuesWith(1),
    transmitQueueCount: 1,
    mtu: NOTHING,
    speedMbps: NOTHING,
    driver: NOTHING,
    numaNode: NOTHING,
    irqNumbers: NOTHING,
    transmitQueueLength: NOTHING,
    threadedNapi: NOTHING,
    channels: NOTHING,
    rings: NOTHING,
    ...changes,
  }
}

/** Queues whose RPS mask and flow table are known. */
export function queuesWith(
  count: number,
  rpsCpus: readonly number[] = [],
  rpsFlowCount = 0,
): ReceiveQueueFacts[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `rx-${index}`,
    rpsCpus: known(rpsCpus, `/sys/class/net/eth0/queues/rx-${index}/rps_cpus`),
    rpsFlowCount: known(rpsFlowCount, `/sys/class/net/eth0/queues/rx-${index}/rps_flow_cnt`),
  }))
}

export function interfacesWith(...rows: readonly InterfaceFacts[]): {
  interfaces: Fact<readonly InterfaceFacts[]>
} {
  const loopback = interfaceWith({ name: 'lo', kind: 'loopback' })
  return { interfaces: known([loopback, ...rows], '/sys/class/net') }
}

export function counters(
  statistics: Readonly<Record<string, number>>,
  driverStatistics?: Readonly<Record<string, number>>,
): Record<string, InterfaceCounters> {
  return {
    eth0: {
      statistics: known(statistics, '/sys/class/net/eth0/statistics'),
      driverStatistics:
        driverStatistics === undefined ? NOTHING : known(driverStatistics, 'ethtool -S eth0'),
    },
  }
}

/** In the host's network namespace, with CPUs 0 … count-1. */
export function hostWith(count: number, changes: Partial<HostFacts> = {}): Partial<HostFacts> {
  return {
    onlineCpus: known(range(count), '/sys/devices/system/cpu/online'),
    namespaces: {
      network: known('host', '/proc/sys/net/ipv4/tcp_mem'),
      networkInode: NOTHING,
      pid: NOTHING,
    },
    ...changes,
  }
}

export const CHILD_NAMESPACE: Partial<HostFacts> = {
  namespaces: {
    network: known('child', '/proc/sys/net/ipv4/tcp_mem is absent'),
    networkInode: NOTHING,
    pid: NOTHING,
  },
}

/** /proc/stat after five seconds, 500 ticks a CPU; each entry is the percentage in softirq. */
export function softirqPercents(
  percents: readonly number[],
  stealPercent = 0,
): { before: Fact<readonly CpuTimes[]>; after: Fact<readonly CpuTimes[]> } {
  const zero = { user: 0, system: 0, idle: 0, irq: 0, softirq: 0, steal: 0, total: 0 }
  const ticks = (percent: number): number => percent * 5
  return {
    before: known(
      percents.map((_, cpu) => ({ cpu, ...zero })),
      '/proc/stat',
    ),
    after: known(
      percents.map((percent, cpu) => ({
        ...zero,
        cpu,
        softirq: ticks(percent),
        steal: ticks(stealPercent),
        idle: ticks(100 - percent - stealPercent),
        total: ticks(100),
      })),
      '/proc/stat',
    ),
  }
}

export function softnetWith(rows: readonly Partial<SoftnetRow>[]): Fact<readonly SoftnetRow[]> {
  return known(
    rows.map((row, cpu) => ({
      cpu,
      processed: 0,
      dropped: 0,
      timeSqueeze: 0,
      receivedRps: 0,
      flowLimitDropped: 0,
      backlogLength: null,
      ...row,
    })),
    '/proc/net/softnet_stat',
  )
}

export function interruptsWith(
  rows: readonly (readonly [irq: number, name: string, ...counts: number[]])[],
): Fact<readonly InterruptRow[]> {
  return known(
    rows.map(([irq, name, ...counts]) => ({ irq, name, countByCpu: { ...counts } })),
    '/proc/interrupts',
  )
}

/** IRQ number → the CPU it fires on. */
export function effectiveCpus(
  cpuByIrq: Readonly<Record<number, number>>,
): Record<number, IrqFacts> {
  return Object.fromEntries(
    Object.entries(cpuByIrq).map(([irq, cpu]) => [
      irq,
      {
        affinity: NOTHING,
        effectiveAffinity: known([cpu], `/proc/irq/${irq}/effective_affinity_list`),
        node: NOTHING,
      },
    ]),
  )
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
