/**
 * The plan: from what is asked for and what is assumed to a fleet. A pure function; the same input
 * gives the same plan, and every number in it can be worked out by hand from docs/planning.md.
 */
import { type Assumption, valuesOf } from './assumption-table.ts'
import { connectionLoad, type FleetRates, fleetRates } from './connection-load.ts'
import { type FleetSize, fleetSize } from './fleet-size.ts'
import { type NodeLimit, nodeBaseBytes, nodeLimits } from './node-limits.ts'
import type { PlanInput } from './plan-input.ts'
import { type ReconnectStorm, reconnectStorms } from './reconnect-storm.ts'
import { type RedisSize, redisSize } from './redis-size.ts'

export interface LimitUse {
  readonly name: NodeLimit['name']
  readonly connectionsMax: number
  /** Of what may be used: with all nodes, and after the loss that is planned for. */
  readonly used: number
  readonly usedAfterLoss: number
}

/** One node after the loss that is planned for, at the peak. */
export interface NodeNeeds {
  readonly connections: number
  readonly kernelBytes: number
  readonly processBytes: number
  readonly processCores: number
  readonly softirqCores: number
  readonly bitsOutPerSecond: number
  readonly bitsInPerSecond: number
  readonly packetsOutPerSecond: number
  readonly packetsInPerSecond: number
  readonly deliveriesPerSecond: number
  readonly connectsPerSecond: number
}

export interface CapacityPlan {
  readonly input: PlanInput
  readonly assumptions: readonly Assumption[]
  readonly rates: FleetRates
  readonly fleet: FleetSize
  readonly limits: readonly LimitUse[]
  readonly node: NodeNeeds
  readonly storms: readonly ReconnectStorm[]
  readonly redis: RedisSize
}

/** @throws PushctlError PUSHCTL_CONFIG where a node cannot carry a single connection. */
export function planCapacity(input: PlanInput, assumptions: readonly Assumption[]): CapacityPlan {
  const assumed = valuesOf(assumptions)
  const rates = fleetRates(input, assumed)
  const load = connectionLoad(input, assumed)
  const limits = nodeLimits(input.node, load, assumed)
  const fleet = fleetSize(input, rates.online, limits)
  const connections = fleet.connectionsPerNodeAfterLoss
  return {
    input,
    assumptions,
    rates,
    fleet,
    limits: limits.map(({ name, connectionsMax, usedBy }) => ({
      name,
      connectionsMax,
      used: usedBy(fleet.connectionsPerNode),
      usedAfterLoss: usedBy(connections),
    })),
    node: {
      connections,
      kernelBytes: Math.ceil(connections * load.kernelBytes),
      processBytes: Math.ceil(
        nodeBaseBytes(input.node.cores, assumed) + connections * load.processBytes,
      ),
      processCores: (connections * load.processUs) / 1e6,
      softirqCores: (connections * load.softirqUs) / 1e6,
      bitsOutPerSecond: connections * load.bytesOut * 8,
      bitsInPerSecond: connections * load.bytesIn * 8,
      packetsOutPerSecond: connections * load.packetsOut,
      packetsInPerSecond: connections * load.packetsIn,
      deliveriesPerSecond: (rates.deliveriesPerSecond * connections) / rates.online,
      connectsPerSecond: (rates.connectsPerSecond * connections) / rates.online,
    },
    storms: reconnectStorms(input, rates.online, fleet, load, assumed),
    redis: redisSize(input, rates, assumed),
  }
}
