/**
 * Need against have, for every limit of a host that connections can run into beside descriptors and
 * ports. Bench and serve ask the same; each finding is a row of the plan, and where it does not
 * fit, the refusal with the command that would make it fit.
 *
 *   demand, capacity ─► open files, epoll watches, threads, memory ─► rows, faults
 */
import { formatBytes, formatCount } from '../../config/quantities.ts'
import type { ErrorCode } from '../../errors/error-codes.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { HostCapacity } from './host-capacity.ts'
import { FILES_PER_PROCESS } from './process-memory.ts'

/** One row of the plan. */
export interface CapacityLimit {
  readonly name: string
  readonly unit: 'count' | 'bytes'
  readonly need: number
  /** null: unlimited or unknown. */
  readonly have: number | null
  /** Which limit it is, as an operator calls it. */
  readonly source: string
}

export interface CapacityFinding {
  readonly limit: CapacityLimit
  /** Connections that the limit leaves room for; infinite where it does not bind. */
  readonly fits: number
  /** null where the demand fits. */
  readonly fault: PushctlError | null
}

export interface CapacityDemand {
  /** What to lower where it does not fit. */
  readonly flag: '--connections' | '--max-connections'
  readonly connections: number
  /** 2 where both ends of a connection are on this host. */
  readonly socketsPerConnection: number
  /** Sockets of this host beside those of the connections; missing: none. */
  readonly otherSockets?: number
  /** Processes and threads still to be started. */
  readonly processes: number
  readonly tasks: number
  /** Memory before the first connection. */
  readonly baseBytes: number
  /** Memory of one connection in our processes, both ends where both are ours. */
  readonly processBytesPerConnection: number
  readonly kernelBytesPerConnection: number
}

/** For descriptors that are not yet given back, and other programs of the user. */
const WATCHES_SPARE = 1.05

export function capacityFindings(
  demand: CapacityDemand,
  capacity: HostCapacity,
): readonly CapacityFinding[] {
  return [openFiles, epollWatches, threads, memory].map((judge) => judge(demand, capacity))
}

function openFiles(demand: CapacityDemand, capacity: HostCapacity): CapacityFinding {
  const { filesMax, filesOpen, isPrivileged } = capacity
  const own = demand.processes * FILES_PER_PROCESS + (demand.otherSockets ?? 0)
  const need = demand.connections * demand.socketsPerConnection + own
  const have = filesMax === null ? null : Math.max(0, filesMax - (filesOpen ?? 0))
  const source = `fs.file-max, less those open${isPrivileged ? ' (root is exempt)' : ''}`
  const binds = have !== null && !isPrivileged
  const raised = Math.ceil(1.5 * (need + (filesOpen ?? 0)))
  return findingOf(
    demand,
    { name: 'open files', unit: 'count', need, have, source },
    binds ? (have - own) / demand.socketsPerConnection : Number.POSITIVE_INFINITY,
    {
      why: 'fs.file-max counts the files and sockets of all processes of the host',
      tries: [`sysctl -w fs.file-max=${raised}   (as root)`],
    },
  )
}

function epollWatches(demand: CapacityDemand, capacity: HostCapacity): CapacityFinding {
  const have = capacity.epollWatchesMax
  const perConnection = demand.socketsPerConnection * WATCHES_SPARE
  const others = (demand.otherSockets ?? 0) * WATCHES_SPARE
  const need = Math.ceil(demand.connections * perConnection + others)
  const source = 'fs.epoll.max_user_watches'
  return findingOf(
    demand,
    { name: 'epoll watches', unit: 'count', need, have, source },
    have === null ? Number.POSITIVE_INFINITY : (have - others) / perConnection,
    {
      why: 'the kernel counts the watched sockets of a user, root included',
      tries: [`sysctl -w fs.epoll.max_user_watches=${2 * need}   (as root)`],
    },
  )
}

function threads(demand: CapacityDemand, capacity: HostCapacity): CapacityFinding {
  const { tasksMax, tasksPerUser, isPrivileged } = capacity
  const running = capacity.tasks ?? 0
  const left = tasksMax === null ? null : Math.max(0, tasksMax - running)
  const perUser = isPrivileged ? null : tasksPerUser
  const isPerUser = perUser !== null && (left === null || perUser < left)
  const have = isPerUser ? perUser : left
  const need = demand.tasks
  const raised = Math.ceil(1.5 * (need + running))
  const source = isPerUser
    ? 'RLIMIT_NPROC'
    : 'kernel.pid_max, kernel.threads-max, less those running'
  return findingOf(
    demand,
    { name: 'threads', unit: 'count', need, have, source },
    // Fewer connections need fewer threads only by whole processes: no number to propose.
    have === null || need <= have ? Number.POSITIVE_INFINITY : 0,
    {
      why: `${demand.processes} processes share the connections, each with its own descriptors`,
      tries: [
        isPerUser
          ? `ulimit -u ${raised}   (as root)`
          : `sysctl -w kernel.pid_max=${raised} kernel.threads-max=${raised}   (as root)`,
        'ulimit -Hn with a higher number, so that fewer processes are needed   (as root)',
      ],
    },
  )
}

/**
 * Where processes alone take all memory, fewer connections need fewer of them: in proportion, but
 * for the rounding to whole processes.
 */
const SHRUNK_SHARE = 0.95

function memory(demand: CapacityDemand, capacity: HostCapacity): CapacityFinding {
  const { connections, baseBytes, kernelBytesPerConnection } = demand
  const each = demand.processBytesPerConnection + kernelBytesPerConnection
  const need = baseBytes + connections * each
  const have = capacity.memoryAvailableBytes
  return findingOf(
    demand,
    { name: 'memory', unit: 'bytes', need, have, source: capacity.memorySource },
    baseBytes < have ? (have - baseBytes) / each : SHRUNK_SHARE * connections * (have / need),
    {
      why:
        `each connection takes ${formatCount(each)} bytes of this host, ` +
        `${formatCount(kernelBytesPerConnection)} of them kernel memory of its sockets`,
      tries:
        demand.socketsPerConnection > 1
          ? ['or run the target on another host']
          : ['or a host with more memory'],
    },
  )
}

interface Remedy {
  readonly why: string
  readonly tries: readonly string[]
}

function findingOf(
  demand: CapacityDemand,
  limit: CapacityLimit,
  room: number,
  remedy: Remedy,
): CapacityFinding {
  const fits = Math.max(0, Math.floor(room))
  const isEnough = fits >= demand.connections
  return { limit, fits, fault: isEnough ? null : faultOf(demand, limit, fits, remedy) }
}

function faultOf(
  { flag, connections }: CapacityDemand,
  { name, unit, need, have, source }: CapacityLimit,
  fits: number,
  { why, tries }: Remedy,
): PushctlError {
  const code: ErrorCode = unit === 'bytes' ? 'PUSHCTL_MEMORY' : 'PUSHCTL_DESCRIPTORS'
  const format = unit === 'bytes' ? formatBytes : formatCount
  const needed = unit === 'bytes' ? `${format(need)} of ${name}` : `${format(need)} ${name}`
  const message = `${flag} ${connections} needs ${needed}, got ${format(have ?? 0)} (${source})`
  const lowered = fits >= 1 ? [`${flag} ${fits}`] : []
  // No command makes memory: there the smaller number is the first thing to try.
  const ordered = unit === 'bytes' ? [...lowered, ...tries] : [...tries, ...lowered]
  return new PushctlError(code, message, { why, tries: ordered })
}
