/**
 * Interfaces, their queues and interrupts, addresses and routes. Only active queues have folders in
 * sysfs.
 */
import type { Fact } from './fact.ts'
import type { EthtoolLimits } from './parsers/ethtool.ts'
import type { RouteRow } from './parsers/ip-route.ts'

export interface NetworkFacts {
  readonly interfaces: Fact<readonly InterfaceFacts[]>
  /** By IRQ number, for the interrupts of the interfaces. */
  readonly irqs: Readonly<Record<number, IrqFacts>>
  readonly routes: Fact<readonly RouteRow[]>
  /** Local addresses a connection can come from, loopback left out. */
  readonly localAddresses: Fact<readonly string[]>
  /** Neighbours known on all links. */
  readonly neighbourCount: Fact<number>
}

export interface InterfaceFacts {
  readonly name: string
  /** Virtual: no device behind it (lo, veth, bridge, tun, bond, ifb). */
  readonly kind: 'physical' | 'virtual' | 'loopback'
  readonly up: boolean
  readonly receiveQueues: readonly ReceiveQueueFacts[]
  readonly transmitQueueCount: number
  readonly mtu: Fact<number>
  /** Unknown for virtio, which says -1. */
  readonly speedMbps: Fact<number>
  readonly driver: Fact<string>
  /** Unknown where the device names none (-1). */
  readonly numaNode: Fact<number>
  readonly irqNumbers: Fact<readonly number[]>
  readonly transmitQueueLength: Fact<number>
  /** Receive work runs in kernel threads instead of softirq. */
  readonly threadedNapi: Fact<boolean>
  readonly channels: Fact<EthtoolLimits>
  readonly rings: Fact<EthtoolLimits>
}

export interface ReceiveQueueFacts {
  /** rx-0 … */
  readonly name: string
  readonly rpsCpus: Fact<readonly number[]>
  readonly rpsFlowCount: Fact<number>
}

export interface IrqFacts {
  /** CPUs the interrupt may fire on. */
  readonly affinity: Fact<readonly number[]>
  /** CPUs it does fire on. */
  readonly effectiveAffinity: Fact<readonly number[]>
  readonly node: Fact<number>
}
