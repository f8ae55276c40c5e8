/**
 * The arithmetic before the first packet: connections over shards, descriptors, source addresses ×
 * ports × destinations, memory. A pure function of the settings and of what the host allows; what
 * cannot work is refused here, with the flag or command that would make it work, and not at
 * connection 19,983.
 */
import type { ShardKind } from '../../engine/shard-host.ts'
import type { EngineKind } from '../../engine/socket-engine.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { isLoopback, type ResolvedTarget } from '../target/target-address.ts'
import { divideEvenly } from '../work-division.ts'
import type { BenchSettings } from '../workload.ts'
import type { HostLimits } from './host-limits.ts'
import { planPorts } from './port-budget.ts'
import type { PlannedTarget, RunPlan } from './run-plan.ts'
import { targetAt, targetsOfShard } from './target-share.ts'

/**
 * Descriptors of a generator process that hold no load connection: stdio, event loops, logs, the
 * publisher's HTTP.
 */
export const DESCRIPTORS_RESERVED = 256
/** One thread drives this many connections before a second one is worth its 40 MB. */
const CONNECTIONS_PER_THREAD_MIN = 1_000
/** Generator memory per connection: rows, engine columns, timer wheel (docs/measurements.md). */
const PROCESS_BYTES_PER_CONNECTION = 200
/** Kernel memory of one idle TCP socket with its file and epoll entry. */
const KERNEL_BYTES_PER_SOCKET = 3_200
/** A thread with its own V8 heap; a process has the rest of Node too. */
const BYTES_PER_SHARD: Readonly<Record<ShardKind, number>> = {
  thread: 20 * 1024 * 1024,
  process: 60 * 1024 * 1024,
}

/** @throws PushctlError PUSHCTL_DESCRIPTORS, PUSHCTL_PORTS, PUSHCTL_MEMORY */
export function planRun(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  limits: HostLimits,
  engine: EngineKind,
): RunPlan {
  const shards = planShards(settings, targets, limits)
  const perShard = divideEvenly(settings.connections, shards.count)
  const planned = connectionsPerTarget(targets, perShard)
  const ports = planPorts(settings, planned, limits, engine)
  return {
    headline: headlineOf(settings, shards, ports.sources.length),
    mode: settings.mode,
    connections: settings.connections,
    targets: planned,
    engine,
    shards: { ...shards, connections: perShard, lanes: lanesOf(shards, limits) },
    descriptors: {
      perProcess: limits.descriptorsPerProcess,
      reserved: DESCRIPTORS_RESERVED,
      needed:
        DESCRIPTORS_RESERVED + (shards.kind === 'thread' ? settings.connections : perShard[0]),
    },
    ports,
    memory: planMemory(settings, targets, limits, shards),
    schedule: {
      connectsPerSecond: settings.connectsPerSecond,
      connectSeconds: settings.connections / settings.connectsPerSecond,
      messagesPerSecond: settings.messagesPerSecond,
      messageBytes: settings.messageBytes,
      warmupSeconds: settings.warmupMs / 1000,
      steadySeconds: settings.durationMs / 1000,
      arrivals: settings.arrivals,
    },
    seed: settings.seed,
  }
}

function headlineOf(settings: BenchSettings, shards: ShardChoice, sources: number): string {
  const { connections, connectsPerSecond, messagesPerSecond, messageBytes } = settings
  const from = sources === 0 ? 'one source address' : `${sources} source addresses`
  const parts = [
    `${connections} connections at ${connectsPerSecond}/s from ${from}`,
    `${shards.count} ${shards.kind === 'thread' ? 'thread' : 'process'}${plural(shards)}`,
  ]
  if (messagesPerSecond > 0) parts.push(`${messagesPerSecond} messages/s of ${messageBytes} bytes`)
  return parts.join(', ')
}

function plural({ kind, count }: ShardChoice): string {
  if (count === 1) return ''
  return kind === 'thread' ? 's' : 'es'
}

interface ShardChoice {
  readonly kind: ShardKind
  readonly count: number
  readonly reason: string
}

function planShards(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  limits: HostLimits,
): ShardChoice {
  const { connections, workers, processes } = settings
  const usable = usableDescriptors(limits)
  const processesNeeded = Math.ceil(connections / usable)
  if (processes !== null) {
    if (processes < processesNeeded) throw tooFewDescriptors(settings, limits, processesNeeded)
    const count = Math.min(processes, connections)
    return { kind: 'process', count, reason: '--processes' }
  }
  if (workers !== null) {
    if (processesNeeded > 1) throw tooFewDescriptors(settings, limits, processesNeeded)
    return { kind: 'thread', count: Math.min(workers, connections), reason: '--workers' }
  }
  if (processesNeeded > 1) {
    return {
      kind: 'process',
      count: processesNeeded,
      reason: `a process may open ${limits.descriptorsPerProcess} descriptors`,
    }
  }
  // A target on this host needs cores too: a generator that takes all of them measures its own
  // greed.
  const shared = targets.some((target) => isLoopback(target.address))
  const cores = shared ? Math.max(1, Math.floor(limits.cores / 2)) : limits.cores
  const worthwhile = Math.ceil(connections / CONNECTIONS_PER_THREAD_MIN)
  return {
    kind: 'thread',
    count: Math.max(1, Math.min(cores, worthwhile)),
    reason: shared ? 'half of the cores: the target runs on this host' : 'at most one per core',
  }
}

/** More processes than cores would spend the cores on switching between them while they connect. */
function lanesOf({ kind, count }: ShardChoice, limits: HostLimits): number {
  return kind === 'process' && count > limits.cores ? limits.cores : count
}

function usableDescriptors(limits: HostLimits): number {
  if (limits.descriptorsPerProcess === null) return Number.POSITIVE_INFINITY
  return Math.max(1, limits.descriptorsPerProcess - DESCRIPTORS_RESERVED)
}

function connectionsPerTarget(
  targets: readonly ResolvedTarget[],
  perShard: readonly number[],
): PlannedTarget[] {
  const counts = targets.map(() => 0)
  perShard.forEach((count, shard) => {
    const own = targetsOfShard(targets, shard, perShard.length)
    const first = targets.indexOf(own[0])
    for (let row = 0; row < count; row++) counts[first + targetAt(row, shard, own.length)] += 1
  })
  return targets.map(({ url, address, port }, index) => ({
    url,
    address,
    port,
    connections: counts[index],
  }))
}

function planMemory(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  limits: HostLimits,
  shards: ShardChoice,
): RunPlan['memory'] {
  // On loopback the other end of each connection is a socket of this host as well.
  const socketsPerConnection = targets.some((target) => isLoopback(target.address)) ? 2 : 1
  const processBytes =
    settings.connections * PROCESS_BYTES_PER_CONNECTION +
    shards.count * BYTES_PER_SHARD[shards.kind]
  const kernelBytes = settings.connections * KERNEL_BYTES_PER_SOCKET * socketsPerConnection
  const availableBytes = limits.memoryAvailableBytes
  if (processBytes + kernelBytes > availableBytes) {
    const overhead = shards.count * BYTES_PER_SHARD[shards.kind]
    const each = PROCESS_BYTES_PER_CONNECTION + KERNEL_BYTES_PER_SOCKET * socketsPerConnection
    const fits = Math.max(1, Math.floor((availableBytes - overhead) / each))
    throw new PushctlError(
      'PUSHCTL_MEMORY',
      `${settings.connections} connections need about ${mebibytes(processBytes + kernelBytes)}, ` +
        `got ${mebibytes(availableBytes)} available`,
      {
        why: `each needs ${each} bytes here, most of it kernel memory of its socket`,
        tries: [`--connections ${fits}`, 'or run the target on another host'],
      },
    )
  }
  return { processBytes, kernelBytes, availableBytes }
}

function tooFewDescriptors(
  settings: BenchSettings,
  limits: HostLimits,
  processesNeeded: number,
): PushctlError {
  return new PushctlError(
    'PUSHCTL_DESCRIPTORS',
    `${settings.connections} connections need ${processesNeeded} processes of ` +
      `${limits.descriptorsPerProcess} descriptors, got ` +
      (settings.processes === null
        ? `${settings.workers} threads of one process`
        : `--processes ${settings.processes}`),
    {
      why: 'RLIMIT_NOFILE counts the connections of all threads of a process together',
      tries: [
        `--processes ${processesNeeded}`,
        `ulimit -Hn ${settings.connections + DESCRIPTORS_RESERVED}   (as root)`,
      ],
    },
  )
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MiB`
}
