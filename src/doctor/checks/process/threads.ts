/** Thread for each connection, against the limits on threads. Event loops are not concerned. */

import { controlGroups, isUnlimitedRoot } from '../../control-groups.ts'
import { counted, grouped } from '../../counter-moves.ts'
import { type Fact, known } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { labelOfProcess, noProcessNamed } from '../../process-label.ts'
import { raiseSysctl, type Setting } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import type { Target } from '../../target.ts'

/** No event loop, with its pool and collector, has so many threads. */
const THREADS_MIN = 1_000
/** A thread for every second connection is a thread for each, some of them idle. */
const THREADS_PER_CONNECTION = 0.5
const LIMIT_SHARE = 0.5
/** The kernel takes no higher pid_max (PID_MAX_LIMIT on 64 bits). */
const PID_MAX_LIMIT = 4_194_304

export const processThreads: Check = {
  id: 'process/threads',
  title: 'Threads against their limits',
  family: 'process',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'kernel/fork.c copy_process, Documentation/admin-guide/sysctl/kernel.rst, mm/mmap.c',
  why:
    'A program with a thread for each connection meets four limits long before the descriptors: ' +
    'threads-max, pid_max, pids.max of its group, and max_map_count for the stacks.',
  explain: `Each thread is a pid, a task, a stack (two mappings) and some 20 KB of kernel memory.
The smallest of kernel.threads-max, kernel.pid_max, pids.max and half of vm.max_map_count (65,530)
ends it: pthread_create fails with EAGAIN or ENOMEM.

Judged only where the process has a thread for every second connection or more; Node, Go, Erlang and
nginx do not. From half of the smallest limit on the target is critical.

The limits can be raised, but a million threads are 20 GB of kernel memory and a scheduler at its
end: such a server wants an event loop, not a sysctl.`,
  evaluate: (facts, target) =>
    facts.processes.length === 0
      ? unknownFinding(processThreads, noProcessNamed)
      : facts.processes.map((process) => judge(facts, target, process)),
}

interface ThreadLimit {
  readonly name: string
  readonly threads: number
  readonly source: string
}

function judge(facts: Facts, target: Target, process: ProcessFacts): Finding {
  const subject = labelOfProcess(process)
  const { status: processStatus } = process
  if (!processStatus.known) return unknownFinding(processThreads, processStatus, subject)
  const { threads } = processStatus.value
  const evidence = [`${processStatus.source}: Threads ${grouped(threads)}`]
  if (threads < THREADS_MIN) {
    return findingOf(processThreads, {
      subject,
      status: 'ok',
      observed: `${counted(threads, 'thread')}: not one for each connection`,
      evidence,
    })
  }
  const established = connectionsNow(facts)
  if (!established.known) return unknownFinding(processThreads, established, subject)
  evidence.push(`${established.source}: Tcp.CurrEstab ${grouped(established.value)}`)
  if (threads < THREADS_PER_CONNECTION * established.value) {
    return findingOf(processThreads, {
      subject,
      status: 'ok',
      observed: `${counted(threads, 'thread')} for ${counted(established.value, 'connection')}`,
      evidence,
    })
  }
  const limits = threadLimits(facts, process)
  const [unreadable] = limits.flatMap((limit) => (limit.known ? [] : [limit]))
  const present = limits.flatMap((limit) => (limit.known ? [limit.value] : []))
  const smallest = present.reduce<ThreadLimit | null>(
    (least, limit) => (least === null || limit.threads < least.threads ? limit : least),
    null,
  )
  const needed = Math.ceil(target.connections / Math.max(1, target.workers))
  const isShort = smallest !== null && needed > LIMIT_SHARE * smallest.threads
  if (!isShort && unreadable !== undefined)
    return unknownFinding(processThreads, unreadable, subject)
  return findingOf(processThreads, {
    subject,
    status: isShort ? 'critical' : 'ok',
    observed:
      `${counted(threads, 'thread')} for ${counted(established.value, 'connection')}, ` +
      `room for ${grouped(smallest?.threads ?? 0)} (${smallest?.name ?? 'unknown'})`,
    needed: `${counted(needed, 'thread')}, at most half of the smallest limit`,
    evidence: [
      ...evidence,
      ...present.map(({ name, threads: room, source }) => `${source}: ${name}, ${grouped(room)}`),
    ],
    ...(isShort
      ? {
          settings: raised(present, needed),
          fixForGood: 'an event loop instead of a thread for each connection',
        }
      : {}),
  })
}

function connectionsNow(facts: Facts): Fact<number> {
  const { snmp } = facts.after
  if (!snmp.known) return snmp
  const count = snmp.value['Tcp.CurrEstab']
  return count === undefined
    ? { known: false, reason: 'has no Tcp.CurrEstab', source: snmp.source }
    : known(count, snmp.source)
}

/** Each limit in threads; a stack takes two mappings. */
function threadLimits(facts: Facts, process: ProcessFacts): Fact<ThreadLimit>[] {
  const fromSysctl = (key: string, each: number): Fact<ThreadLimit> => {
    const value = sysctlNumber(facts, key)
    if (!value.known) return value
    const { source } = value
    return known({ name: key, threads: Math.floor(value.value / each), source }, source)
  }
  const { pidsMax } = process.cgroup
  const [group] = controlGroups([process], 'pids')
  const isFree = group !== undefined && isUnlimitedRoot(facts, group, pidsMax)
  const ofGroup: Fact<ThreadLimit> = pidsMax.known
    ? known({ name: 'pids.max', threads: pidsMax.value, source: pidsMax.source }, pidsMax.source)
    : isFree
      ? known(
          { name: 'pids.max', threads: Number.POSITIVE_INFINITY, source: pidsMax.source },
          pidsMax.source,
        )
      : pidsMax
  return [
    fromSysctl('kernel.threads-max', 1),
    fromSysctl('kernel.pid_max', 1),
    fromSysctl('vm.max_map_count', 2),
    ofGroup,
  ]
}

function raised(limits: readonly ThreadLimit[], needed: number): Setting[] {
  return limits
    .filter(({ name, threads }) => name !== 'pids.max' && needed > LIMIT_SHARE * threads)
    .map(({ name }) => {
      const threads = Math.ceil(needed / LIMIT_SHARE)
      const value =
        name === 'vm.max_map_count'
          ? 2 * threads
          : name === 'kernel.pid_max'
            ? Math.min(PID_MAX_LIMIT, threads)
            : threads
      return raiseSysctl(name, value, 'a thread for each connection of the target')
    })
}
