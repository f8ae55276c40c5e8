/**
 * The arithmetic of a node before it listens: how many shards of which kind, and how many devices
 * this host lets it hold: by descriptors, memory, files and epoll watches. Refuses what can not
 * work, with the flag or command that would make it work; where nobody asked for a number, it takes
 * what fits.
 */
import { formatCount } from '../config/quantities.ts'
import type { ShardKind } from '../engine/shard-host.ts'
import type { EngineKind } from '../engine/socket-engine.ts'
import { ConfigFaults, PushctlError } from '../errors/pushctl-error.ts'
import { type CapacityDemand, capacityFindings } from '../stats/capacity/capacity-limits.ts'
import type { HostCapacity } from '../stats/capacity/host-capacity.ts'
import { NODE_MEMORY, TASKS_PER_PROCESS } from '../stats/capacity/process-memory.ts'

/** Descriptors of a process beside its devices: listeners, epoll, files, pipes, the store. */
export const RESERVED_DESCRIPTORS = 256
const CONNECTIONS_MAX = 4_000_000
/** Beyond the share of devices, so that a full node can still say so (BYE 4103). */
const SPARE_ROWS = 128

export interface NodePlanInput {
  readonly cores: number
  /** RLIMIT_NOFILE of one process. */
  readonly descriptorsPerProcess: number
  readonly engine: EngineKind
  /** Whether more than one shard can listen: by sharing ports, or with ports of their own. */
  readonly canReusePort: boolean
  /** As asked for; undefined: let the plan choose. */
  readonly shards: number | undefined
  readonly shardKind: 'auto' | ShardKind
  readonly connectionsMax: number | undefined
  readonly capacity: HostCapacity
}

export interface NodePlan {
  readonly shardCount: number
  readonly shardKind: ShardKind
  readonly connectionsMax: number
  /**
   * Rows of each shard's tables: any shard may get more than its share, but no process more than
   * its descriptors.
   */
  readonly rowsPerShard: number
  /** What the user should know about the choice. */
  readonly notes: readonly string[]
}

export function planNode(input: NodePlanInput): NodePlan {
  const perProcess = input.descriptorsPerProcess - RESERVED_DESCRIPTORS
  const wanted = input.connectionsMax
  const needsProcesses = wanted !== undefined && wanted > perProcess
  if (input.shardKind === 'thread' && needsProcesses) throw tooManyForThreads(wanted, perProcess)
  const shardKind =
    input.shardKind === 'auto' ? (needsProcesses ? 'process' : 'thread') : input.shardKind
  const shardCount = shardCountOf(input, shardKind, perProcess)
  const room = shardKind === 'thread' ? perProcess : perProcess * shardCount
  if (wanted !== undefined && wanted > room) throw tooManyForShards(input, wanted, perProcess)
  const asked = wanted ?? Math.min(room, CONNECTIONS_MAX)
  const { connectionsMax, note } = fitToHost(input, demandOf(input, asked, shardKind, shardCount))
  return {
    shardCount,
    shardKind,
    connectionsMax,
    rowsPerShard: Math.min(connectionsMax, perProcess) + SPARE_ROWS,
    notes: [...notesOf(input, shardCount), ...note],
  }
}

/**
 * @throws PushctlError, or ConfigFaults of several, where a number that was asked for does not fit.
 */
function fitToHost(input: NodePlanInput, demand: CapacityDemand) {
  const findings = capacityFindings(demand, input.capacity)
  const short = findings.filter(({ fault }) => fault !== null)
  if (short.length === 0) return { connectionsMax: demand.connections, note: [] }
  const { fits, limit } = short.reduce((least, found) => (found.fits < least.fits ? found : least))
  if (input.connectionsMax === undefined && fits >= 1) {
    const note = `room for ${formatCount(fits)} devices: ${limit.name} (${limit.source})`
    return { connectionsMax: fits, note: [note] }
  }
  const faults = short.map(({ fault }) => fault).filter((fault) => fault !== null)
  throw faults.length === 1 ? faults[0] : new ConfigFaults(faults)
}

function demandOf(
  { capacity }: NodePlanInput,
  connections: number,
  kind: ShardKind,
  count: number,
): CapacityDemand {
  const isProcess = kind === 'process'
  return {
    flag: '--max-connections',
    connections,
    socketsPerConnection: 1,
    processes: isProcess ? count : 0,
    tasks: isProcess ? count * TASKS_PER_PROCESS : count,
    baseBytes: count * (isProcess ? NODE_MEMORY.bytesPerProcess : NODE_MEMORY.bytesPerThread),
    processBytesPerConnection: NODE_MEMORY.bytesPerConnection,
    kernelBytesPerConnection: capacity.socketMemory.acceptedBytes,
  }
}

function shardCountOf(input: NodePlanInput, kind: ShardKind, perProcess: number): number {
  if (!input.canReusePort) return 1
  if (input.shards !== undefined) return input.shards
  if (kind === 'thread' || input.connectionsMax === undefined) return input.cores
  return Math.max(input.cores, shardsFor(input.connectionsMax, perProcess))
}

/**
 * The kernel spreads connections over shards by hash, not evenly: a tenth of room keeps the fullest
 * below its limit.
 */
function shardsFor(connections: number, perProcess: number): number {
  return Math.ceil((connections * 1.1) / perProcess)
}

function notesOf(input: NodePlanInput, shardCount: number): string[] {
  const asked = input.shards ?? input.cores
  if (input.canReusePort || asked === 1 || shardCount !== 1) return []
  return [
    `one shard only: the ${input.engine} engine on this Node can not share a port (Node 22.12 can)`,
  ]
}

function tooManyForThreads(wanted: number, perProcess: number): PushctlError {
  return new PushctlError(
    'PUSHCTL_DESCRIPTORS',
    `--max-connections must be at most ${perProcess} with --shard-kind thread, got ${wanted}`,
    {
      why: 'threads share the descriptor limit of their process (RLIMIT_NOFILE)',
      tries: ['--shard-kind auto', `ulimit -Hn ${wanted + RESERVED_DESCRIPTORS}   (as root)`],
    },
  )
}

function tooManyForShards(input: NodePlanInput, wanted: number, perProcess: number): PushctlError {
  const needed = shardsFor(wanted, perProcess)
  const shards = input.shards === undefined ? '1 shard' : `${input.shards} shards`
  return new PushctlError(
    'PUSHCTL_DESCRIPTORS',
    `--max-connections ${wanted} does not fit ${shards} of ${perProcess} descriptors`,
    {
      why: 'the descriptor limit of a process (RLIMIT_NOFILE) can not be passed',
      tries: input.canReusePort
        ? [`--shard-kind process --shards ${needed}`]
        : ['--engine epoll', 'Node 22.12 or newer'],
    },
  )
}
