/**
 * What a run takes from this host, both ends of its connections where the target is here too: a
 * plan for one end would let a million connections start that only half a million can finish.
 */
import type { CapacityDemand } from '../../stats/capacity/capacity-limits.ts'
import {
  GENERATOR_MEMORY,
  NODE_MAIN_BYTES,
  NODE_MEMORY,
  TASKS_PER_PROCESS,
} from '../../stats/capacity/process-memory.ts'
import type { SocketMemory } from '../../stats/capacity/socket-memory.ts'
import { isLoopback, type ResolvedTarget } from '../target/target-address.ts'
import type { BenchSettings } from '../workload.ts'
import type { BadClientDemand } from './bad-client-demand.ts'
import type { ShardChoice } from './shard-choice.ts'

/** The publisher, or nobody: a thread of the coordinator's process. */
const PUBLISHERS = 1

export function hostDemand(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  shards: ShardChoice,
  cores: number,
  socket: SocketMemory,
  beside: BadClientDemand | null,
): CapacityDemand {
  const isTargetHere = targets.some(({ address }) => isLoopback(address))
  const generator = sideOf(shards, GENERATOR_MEMORY, PUBLISHERS)
  // A target that is named runs already: what it took before its first connection is gone anyway.
  const others = beside?.processes ?? 0
  const node = settings.targets.length > 0 ? NOTHING : nodeSide(shards, cores)
  return {
    flag: '--connections',
    connections: settings.connections,
    socketsPerConnection: isTargetHere ? 2 : 1,
    otherSockets: beside?.sockets ?? 0,
    processes: generator.processes + node.processes + others,
    tasks: generator.tasks + node.tasks + others * TASKS_PER_PROCESS,
    baseBytes:
      generator.bytes + node.bytes + (beside?.processBytes ?? 0) + (beside?.kernelBytes ?? 0),
    processBytesPerConnection:
      GENERATOR_MEMORY.bytesPerConnection + (isTargetHere ? NODE_MEMORY.bytesPerConnection : 0),
    kernelBytesPerConnection: socket.dialledBytes + (isTargetHere ? socket.acceptedBytes : 0),
  }
}

const NOTHING = { processes: 0, tasks: 0, bytes: 0 }

/** A node of our own gets as many processes as the generator, else a thread for each core. */
function nodeSide(shards: ShardChoice, cores: number): typeof NOTHING {
  const count = shards.kind === 'process' ? shards.count : cores
  const side = sideOf({ ...shards, count }, NODE_MEMORY, 0)
  return {
    processes: side.processes + 1,
    tasks: side.tasks + TASKS_PER_PROCESS,
    bytes: side.bytes + NODE_MAIN_BYTES,
  }
}

/** What is started beside the process that plans, which runs already. */
function sideOf(
  { kind, count }: ShardChoice,
  memory: typeof GENERATOR_MEMORY,
  threads: number,
): typeof NOTHING {
  if (kind === 'thread') {
    const all = count + threads
    return { processes: 0, tasks: all, bytes: all * memory.bytesPerThread }
  }
  return {
    processes: count,
    tasks: count * TASKS_PER_PROCESS + threads,
    bytes: count * memory.bytesPerProcess + threads * memory.bytesPerThread,
  }
}
