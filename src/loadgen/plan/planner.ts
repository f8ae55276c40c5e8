/**
 * The arithmetic before the first packet: connections over shards, descriptors, source addresses ×
 * ports × destinations, memory and every other limit of the host. A pure function of the settings
 * and of what the host allows; what cannot work is refused here, with the flag or command that
 * would make it work, and not at connection 19,983.
 */
import { formatCount, formatRate } from '../../config/quantities.ts'
import type { EngineKind } from '../../engine/socket-engine.ts'
import { ConfigFaults } from '../../errors/pushctl-error.ts'
import { type CapacityLimit, capacityFindings } from '../../stats/capacity/capacity-limits.ts'
import { isLoopback, type ResolvedTarget } from '../target/target-address.ts'
import { churnPerSecond } from '../turnover.ts'
import { divideEvenly, shareOf } from '../work-division.ts'
import type { BenchSettings } from '../workload.ts'
import { type AcceptFinding, acceptQueues } from './accept-queues.ts'
import { type BadClientDemand, badClientDemand } from './bad-client-demand.ts'
import { hostDemand } from './host-demand.ts'
import type { HostLimits } from './host-limits.ts'
import { planPorts } from './port-budget.ts'
import type { PlannedTarget, RunPlan } from './run-plan.ts'
import { chooseShards, DESCRIPTORS_RESERVED, lanesOf, type ShardChoice } from './shard-choice.ts'
import { targetAt, targetsOfShard } from './target-share.ts'

/**
 * @throws PushctlError PUSHCTL_DESCRIPTORS, PUSHCTL_PORTS, PUSHCTL_MEMORY; ConfigFaults of several
 */
export function planRun(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  limits: HostLimits,
  engine: EngineKind,
): RunPlan {
  const shards = chooseShards(settings, targets, limits)
  const lanes = lanesOf(shards, limits.cores)
  const perShard = divideEvenly(settings.connections, shards.count)
  const planned = connectionsPerTarget(targets, perShard)
  const ports = planPorts(settings, planned, limits, engine)
  const { socketMemory, memoryAvailableBytes } = limits.capacity
  const { descriptorsPerProcess: perProcess } = limits
  const beside = badClientDemand(settings, targets, perProcess, socketMemory)
  const waitingBytes = beside?.kernelBytes ?? 0
  const demand = hostDemand(settings, targets, shards, limits.cores, socketMemory, beside)
  const findings = capacityFindings(demand, limits.capacity)
  const faults = findings.map(({ fault }) => fault).filter((fault) => fault !== null)
  if (faults.length === 1) throw faults[0]
  if (faults.length > 1) throw new ConfigFaults(faults)
  const accept = acceptFinding(settings, targets, shards, lanes, limits)
  const descriptors = {
    perProcess,
    reserved: DESCRIPTORS_RESERVED,
    needed: Math.max(
      DESCRIPTORS_RESERVED + (shards.kind === 'thread' ? settings.connections : perShard[0]),
      beside?.descriptors ?? 0,
    ),
  }
  return {
    headline: headlineOf(settings, shards, ports.sources.length, beside),
    mode: settings.mode,
    connections: settings.connections,
    targets: planned,
    engine,
    shards: { ...shards, connections: perShard, lanes },
    descriptors,
    ports,
    memory: {
      processBytes:
        demand.baseBytes - waitingBytes + settings.connections * demand.processBytesPerConnection,
      kernelBytes: settings.connections * demand.kernelBytesPerConnection + waitingBytes,
      kernelBytesPerConnection: demand.kernelBytesPerConnection,
      kernelBasis: socketMemory.basis,
      availableBytes: memoryAvailableBytes,
    },
    limits: [
      ...ownLimits(descriptors, ports),
      ...findings.map(({ limit }) => limit),
      ...(accept === null ? [] : [accept.limit]),
    ],
    warnings: accept === null || accept.warning === null ? [] : [accept.warning],
    schedule: timetableOf(settings),
    seed: settings.seed,
    ...(settings.population === undefined ? {} : { population: settings.population }),
    ...(settings.badClients === undefined ? {} : { badClients: settings.badClients }),
    ...(beside === null ? {} : { badClientDemand: beside }),
  }
}

function timetableOf(settings: BenchSettings): RunPlan['schedule'] {
  return {
    connectsPerSecond: settings.connectsPerSecond,
    connectSeconds: settings.connections / settings.connectsPerSecond,
    messagesPerSecond: settings.messagesPerSecond,
    messageBytes: settings.messageBytes,
    unicastCount: settings.unicastCount,
    broadcastCount: settings.broadcastCount,
    churn: churnOf(settings),
    heartbeatSeconds: settings.heartbeatSeconds,
    warmupSeconds: settings.warmupMs / 1000,
    steadySeconds: settings.durationMs / 1000,
    arrivals: settings.arrivals,
  }
}

function churnOf(settings: BenchSettings): RunPlan['schedule']['churn'] {
  const { mode, connections, churnPerMille, lifetime } = settings
  if (mode !== 'churn') return null
  return { perSecond: churnPerSecond(connections, churnPerMille), lifetime }
}

/** The limits of one process and of one address: held against before those of the host. */
function ownLimits(
  { needed, perProcess }: RunPlan['descriptors'],
  ports: RunPlan['ports'],
): CapacityLimit[] {
  const held = ports.inTimeWait > 0 ? `, less ${ports.inTimeWait} in TIME_WAIT` : ''
  return [
    {
      name: 'descriptors',
      unit: 'count',
      need: needed,
      have: perProcess,
      source: 'RLIMIT_NOFILE, of one process',
    },
    {
      name: 'local ports',
      unit: 'count',
      need: ports.neededPerSource,
      have: ports.usablePerSource - ports.inTimeWait,
      source: `net.ipv4.ip_local_port_range, of one address to one target${held}`,
    },
  ]
}

/** null where no target is on this host. */
function acceptFinding(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  shards: ShardChoice,
  lanes: number,
  { capacity }: HostLimits,
): AcceptFinding | null {
  if (!targets.some(({ address }) => isLoopback(address))) return null
  const isOwnNode = settings.targets.length === 0
  const perShard = targetsOfShard(targets, 0, shards.count).length
  // A node of our own will give each of its processes all carriers.
  const split = isOwnNode ? shards.kind === 'process' : perShard < targets.length
  const { connections, connectsPerSecond } = settings
  const listeners = split ? lanes * (isOwnNode ? targets.length : perShard) : targets.length
  return acceptQueues({ connections, connectsPerSecond, listeners }, capacity.acceptQueueMax)
}

function headlineOf(
  settings: BenchSettings,
  shards: ShardChoice,
  sources: number,
  beside: BadClientDemand | null,
): string {
  const { connections, connectsPerSecond, messagesPerSecond, messageBytes } = settings
  const from = sources === 0 ? 'one source address' : `${sources} source addresses`
  const rate = formatRate(connectsPerSecond)
  const parts = [
    `${formatCount(connections)} connections at ${rate} from ${from}`,
    `${shards.count} ${shards.kind === 'thread' ? 'thread' : 'process'}${plural(shards)}`,
  ]
  if (messagesPerSecond > 0) {
    const what = settings.mode === 'broadcast' ? 'broadcasts' : 'messages'
    parts.push(`${what} of ${messageBytes} bytes at ${formatRate(messagesPerSecond)}`)
  }
  if (beside !== null) parts.push(`${formatCount(beside.clients)} bad clients`)
  return parts.join(', ')
}

function plural({ kind, count }: ShardChoice): string {
  if (count === 1) return ''
  return kind === 'thread' ? 's' : 'es'
}

function connectionsPerTarget(
  targets: readonly ResolvedTarget[],
  perShard: readonly number[],
): PlannedTarget[] {
  const counts = targets.map(() => 0)
  perShard.forEach((count, shard) => {
    const own = targetsOfShard(targets, shard, perShard.length)
    const first = targets.indexOf(own[0])
    own.forEach((_, index) => {
      counts[first + targetAt(index, shard, own.length)] += shareOf(count, index, own.length)
    })
  })
  return targets.map(({ url, address, port }, index) => ({
    url,
    address,
    port,
    connections: counts[index],
  }))
}
