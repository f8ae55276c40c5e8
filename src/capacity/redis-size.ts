/** What the cluster's Redis holds and does: registry of who is where, inbox of who is away. */
import type { AssumptionValues } from './assumption-table.ts'
import type { FleetRates } from './connection-load.ts'
import type { PlanInput } from './plan-input.ts'

export interface RedisSize {
  readonly registryBytes: number
  /** Pushes that wait for devices that are offline; qos 1 only. */
  readonly inboxBytes: number
  readonly commandsPerSecond: number
  /** Processes, each with its part of the keys; replicas come on top. */
  readonly shards: number
  readonly decidedBy: 'memory' | 'commands'
}

export function redisSize(
  input: PlanInput,
  rates: FleetRates,
  assumed: AssumptionValues,
): RedisSize {
  const { pushesPerSecond, broadcastShare, onlineShare, storeSeconds } = input
  // A broadcast is a log with a cursor for each device, not a copy for each.
  const unicasts = pushesPerSecond * (1 - broadcastShare)
  const waiting = input.qos === 1 ? unicasts * (1 - onlineShare) * storeSeconds : 0
  const registryBytes = Math.ceil(rates.online * assumed['redis-device-bytes'])
  const inboxBytes = Math.ceil(waiting * (input.messageBytes + assumed['redis-message-bytes']))
  const commandsPerSecond = Math.ceil(
    unicasts * input.peakFactor * assumed['redis-ops-per-push'] +
      rates.connectsPerSecond * assumed['redis-ops-per-connect'],
  )
  const byMemory = Math.ceil((registryBytes + inboxBytes) / assumed['redis-shard-bytes'])
  const byCommands = Math.ceil(commandsPerSecond / assumed['redis-shard-ops'])
  return {
    registryBytes,
    inboxBytes,
    commandsPerSecond,
    shards: Math.max(1, byMemory, byCommands),
    decidedBy: byMemory >= byCommands ? 'memory' : 'commands',
  }
}
