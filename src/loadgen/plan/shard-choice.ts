/**
 * Threads or processes, how many, and how many of them connect at one time. Threads are cheaper,
 * but the descriptor limit counts all threads of a process together; where it is too low for the
 * connections, processes share them.
 */
import type { ShardKind } from '../../engine/shard-host.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { isLoopback, type ResolvedTarget } from '../target/target-address.ts'
import type { BenchSettings } from '../workload.ts'
import type { HostLimits } from './host-limits.ts'

/**
 * Descriptors of a generator process that hold no load connection: stdio, event loops, logs, the
 * publisher's HTTP.
 */
export const DESCRIPTORS_RESERVED = 256
/** One thread drives this many connections before a second one is worth its heap. */
const CONNECTIONS_PER_THREAD_MIN = 1_000

export interface ShardChoice {
  readonly kind: ShardKind
  readonly count: number
  readonly reason: string
}

/** @throws PushctlError PUSHCTL_DESCRIPTORS where --workers or --processes are too few. */
export function chooseShards(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  limits: HostLimits,
): ShardChoice {
  const { connections, workers, processes } = settings
  if (usableDescriptors(limits) < 1) throw noDescriptors(limits)
  const processesNeeded = Math.ceil(connections / usableDescriptors(limits))
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
export function lanesOf({ kind, count }: ShardChoice, cores: number): number {
  return kind === 'process' && count > cores ? cores : count
}

function usableDescriptors(limits: HostLimits): number {
  if (limits.descriptorsPerProcess === null) return Number.POSITIVE_INFINITY
  return limits.descriptorsPerProcess - DESCRIPTORS_RESERVED
}

function noDescriptors({ descriptorsPerProcess }: HostLimits): PushctlError {
  const wanted = `more than ${DESCRIPTORS_RESERVED} descriptors for a generator process`
  return new PushctlError(
    'PUSHCTL_DESCRIPTORS',
    `expected ${wanted}, got ${descriptorsPerProcess} (RLIMIT_NOFILE)`,
    {
      why: `${DESCRIPTORS_RESERVED} are kept for event loops, pipes, logs and the publisher`,
      tries: ['ulimit -n 65535', 'ulimit -Hn 65535   (as root)'],
    },
  )
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
