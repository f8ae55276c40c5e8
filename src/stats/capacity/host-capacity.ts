/**
 * What this host has for connections beside descriptors and ports: memory, files, epoll watches,
 * tasks, accept queues. Facts only, read once; capacity-limits.ts judges them, so it can be tested
 * without a host. A fact that cannot be read (another OS, no right) is null, and refuses nothing.
 */
import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { controlGroupRoomBytes } from './control-group-memory.ts'
import { type SocketMemory, socketMemoryFrom } from './socket-memory.ts'

export interface HostCapacity {
  /** MemAvailable, or what a control group leaves of it. */
  readonly memoryAvailableBytes: number
  readonly memorySource: string
  /** fs.file-max, for all processes of the host together. */
  readonly filesMax: number | null
  readonly filesOpen: number | null
  /** CAP_SYS_ADMIN: fs.file-max and RLIMIT_NPROC do not bind this process (fs/file_table.c). */
  readonly isPrivileged: boolean
  /** fs.epoll.max_user_watches, for all processes of a user; root is not exempt. */
  readonly epollWatchesMax: number | null
  /** Threads of the host, which the next two count. */
  readonly tasks: number | null
  /** The lower of kernel.pid_max and kernel.threads-max. */
  readonly tasksMax: number | null
  /** RLIMIT_NPROC, soft; null: unlimited. */
  readonly tasksPerUser: number | null
  /** net.core.somaxconn. */
  readonly acceptQueueMax: number | null
  readonly socketMemory: SocketMemory
}

/** @param root where `proc` and `sys` are: `/`, or the folder of a captured host. */
export function readHostCapacity(root = '/'): HostCapacity {
  return capacityFrom((path) => {
    try {
      return readFileSync(join(root, path), 'latin1')
    } catch {
      return ''
    }
  })
}

/** @param read the text of a file below the root, '' when it is not there. */
export function capacityFrom(read: (path: string) => string): HostCapacity {
  const number = (path: string): number | null => firstNumber(read(path))
  const [filesOpen = null, , filesMax = null] = numbersOf(read('proc/sys/fs/file-nr'))
  const tasksMax = [number('proc/sys/kernel/pid_max'), number('proc/sys/kernel/threads-max')]
  const known = tasksMax.filter((value) => value !== null)
  return {
    ...memoryFrom(read),
    filesMax,
    filesOpen,
    isPrivileged: hasSysAdmin(read('proc/self/status')),
    epollWatchesMax: number('proc/sys/fs/epoll/max_user_watches'),
    tasks: tasksOf(read('proc/loadavg')),
    tasksMax: known.length === 0 ? null : Math.min(...known),
    tasksPerUser: limitOf(read('proc/self/limits')),
    acceptQueueMax: number('proc/sys/net/core/somaxconn'),
    socketMemory: socketMemoryFrom(read('proc/slabinfo'), read('proc/net/protocols')),
  }
}

function memoryFrom(read: (path: string) => string) {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(read('proc/meminfo'))
  const host = match ? Number(match[1]) * 1024 : freemem()
  const group = controlGroupRoomBytes(read)
  return group !== null && group < host
    ? { memoryAvailableBytes: group, memorySource: 'limit of its control group' }
    : { memoryAvailableBytes: host, memorySource: 'MemAvailable' }
}

/** "4.32 14.25 2.20 3/211 11635": running/all tasks of the PID namespace. */
function tasksOf(loadavg: string): number | null {
  const match = /\d+\/(\d+) \d+\s*$/.exec(loadavg)
  return match ? Number(match[1]) : null
}

function limitOf(limits: string): number | null {
  const match = /^Max processes\s+(\d+)/m.exec(limits)
  return match ? Number(match[1]) : null
}

const CAP_SYS_ADMIN = 21n

function hasSysAdmin(status: string): boolean {
  const match = /^CapEff:\s+([0-9a-f]+)/m.exec(status)
  return match !== null && ((BigInt(`0x${match[1]}`) >> CAP_SYS_ADMIN) & 1n) === 1n
}

function firstNumber(text: string): number | null {
  return numbersOf(text)[0] ?? null
}

function numbersOf(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number)
}
