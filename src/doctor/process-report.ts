/**
 * What an operator asks of one process: how near its limits it is, what its threads, memory and
 * sockets do. Checks judge the same facts; this only tells them. Names are those of the JSON.
 */
import { type Fact, known, mapFact, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import type { ProcessFacts } from './facts-process.ts'
import type { ProcessSockets, QueuedSocket } from './facts-sample.ts'
import { sameListener } from './judged-listeners.ts'
import { listenerName } from './parsers/ss-listeners.ts'
import { type ThreadShare, threadShares } from './thread-shares.ts'

export interface ProcessReport {
  readonly pid: number
  readonly name: string
  /** "--pid", "--port 8080". */
  readonly chosenBy: string
  readonly descriptors: Fact<DescriptorUse>
  readonly memory: Fact<MemoryUse>
  /** The busiest first. */
  readonly threads: Fact<readonly ThreadShare[]>
  readonly sockets: Fact<ProcessSockets>
  readonly stuck: Fact<StuckSockets>
  readonly listeners: Fact<readonly ListenerUse[]>
}

export interface DescriptorUse {
  readonly used: number
  /** False: no more than `used`. */
  readonly exact: boolean
  /** Limit in force; Infinity where there is none. */
  readonly soft: number
}

export interface MemoryUse {
  readonly residentBytes: number
  readonly swappedBytes: number
  /** null where there is one sample. */
  readonly bytesPerSecond: number | null
}

/** Sockets whose queue did not drain from one sample to the other. */
export interface StuckSockets {
  readonly unsent: StuckQueue
  readonly unread: StuckQueue
}

export interface StuckQueue {
  readonly count: number
  readonly bytes: number
  /** The fullest. */
  readonly worst: QueuedSocket | null
}

export interface ListenerUse {
  readonly name: string
  readonly waiting: number
  readonly backlog: number
  /** Since the listener exists. */
  readonly drops: number | null
  /** Between the samples; null where there is one, or the kernel does not say. */
  readonly dropsInWindow: number | null
}

export function reportsOfProcesses(facts: Facts): ProcessReport[] {
  return facts.processes.map((process) => {
    const { pid, name, chosenBy } = process
    return {
      pid,
      name,
      chosenBy,
      descriptors: descriptorUse(facts, process),
      memory: memoryUse(facts, pid),
      threads: threadShares(facts, process),
      sockets: facts.after.processes[pid]?.sockets ?? notSampled(pid),
      stuck: stuckSockets(facts, pid),
      listeners: listenerUse(facts, pid),
    }
  })
}

function descriptorUse(facts: Facts, { pid, limits }: ProcessFacts): Fact<DescriptorUse> {
  const fdCount = facts.after.processes[pid]?.fdCount ?? notSampled(pid)
  if (!fdCount.known) return fdCount
  if (!limits.known) return limits
  const soft = limits.value['Max open files']?.soft
  if (soft === undefined) return unknown('names no limit of open files', limits.source)
  return known({ used: fdCount.value.count, exact: fdCount.value.exact, soft }, fdCount.source)
}

function memoryUse(facts: Facts, pid: number): Fact<MemoryUse> {
  const after = facts.after.processes[pid]
  const before = facts.before.processes[pid]
  if (after === undefined) return notSampled(pid)
  const seconds = facts.windowMs / 1_000
  return mapFact(after.rssBytes, (residentBytes) => ({
    residentBytes,
    swappedBytes: after.swapBytes.known ? after.swapBytes.value : 0,
    bytesPerSecond:
      facts.sampling === 'window' && before?.rssBytes.known && seconds > 0
        ? (residentBytes - before.rssBytes.value) / seconds
        : null,
  }))
}

/** A queue is stuck that held bytes at both moments and holds no less at the second. */
function stuckSockets(facts: Facts, pid: number): Fact<StuckSockets> {
  const after = facts.after.processes[pid]?.sockets ?? notSampled(pid)
  if (facts.sampling === 'single') return unknown('needs two samples', after.source)
  const before = facts.before.processes[pid]?.sockets ?? notSampled(pid)
  if (!after.known) return after
  if (!before.known) return before
  const earlier = new Map(before.value.queued.map((socket) => [keyOf(socket), socket]))
  const stuckBy = (bytesOf: (socket: QueuedSocket) => number): StuckQueue => {
    const stuck = after.value.queued.filter((socket) => {
      const first = earlier.get(keyOf(socket))
      return first !== undefined && bytesOf(first) > 0 && bytesOf(socket) >= bytesOf(first)
    })
    return {
      count: stuck.length,
      bytes: stuck.reduce((sum, socket) => sum + bytesOf(socket), 0),
      worst: stuck.reduce<QueuedSocket | null>(
        (most, socket) => (most === null || bytesOf(socket) > bytesOf(most) ? socket : most),
        null,
      ),
    }
  }
  const unsent = stuckBy(({ unsentBytes }) => unsentBytes)
  const unread = stuckBy(({ unreadBytes }) => unreadBytes)
  return known({ unsent, unread }, after.source)
}

function listenerUse(facts: Facts, pid: number): Fact<readonly ListenerUse[]> {
  const { listeners } = facts.after
  const port = facts.processes.find((process) => process.pid === pid)?.chosenBy.match(/\d+$/)?.[0]
  return mapFact(listeners, (rows) =>
    rows
      .filter((row) => isListenerOf(row, pid, port === undefined ? null : Number(port)))
      .map((row) => {
        const before = facts.before.listeners.known
          ? sameListener(facts.before.listeners.value, row)
          : undefined
        const isPair = facts.sampling === 'window' && row.drops !== null
        return {
          name: listenerName(row),
          waiting: row.queued,
          backlog: row.backlog,
          drops: row.drops,
          dropsInWindow: isPair ? Math.max(0, row.drops - (before?.drops ?? row.drops)) : null,
        }
      }),
  )
}

/** Without owners, those of the port the process was found by. */
function isListenerOf(
  { owners, port }: { readonly owners: readonly { pid: number }[]; readonly port: number },
  pid: number,
  foundBy: number | null,
): boolean {
  return owners.length > 0 ? owners.some((owner) => owner.pid === pid) : port === foundBy
}

function keyOf({ local, peer }: QueuedSocket): string {
  return `${local} ${peer}`
}

function notSampled(pid: number): Fact<never> {
  return unknown('the process was not sampled', `/proc/${pid}`)
}
