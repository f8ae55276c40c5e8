/**
 * Memory of the control group that the connections are charged to. Kernel memory of sockets counts
 * there and is in no process's RSS; page cache counts too, but gives way, so it is left out.
 */

import { type ControlGroup, controlGroups, isUnlimitedRoot } from '../../control-groups.ts'
import {
  counted,
  type CounterMove,
  describeMove,
  grouped,
  lossStatus,
  moveBetween,
  percent,
} from '../../counter-moves.ts'
import { type Fact, known, mapFact, pickFact, unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  type Status,
  unknownFinding,
} from '../../finding.ts'
import { limitText, noProcessNamed } from '../../process-label.ts'
import { kernelCostPerConnection, socketsHeld } from '../../socket-demand.ts'
import { isAlarm, worstOf } from '../../status-order.ts'
import type { Target } from '../../target.ts'

const WARN_SHARE = 0.75
const CRITICAL_SHARE = 0.9
/** Names of version 2; version 1 has only oom_kill. */
const EVENTS: Readonly<Record<string, Status>> = {
  high: 'warn',
  max: 'warn',
  oom: 'critical',
  oom_kill: 'critical',
}

export const cgroupMemory: Check = {
  id: 'cgroup/memory',
  title: 'Memory limit of the control group',
  family: 'cgroup',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'mm/memcontrol.c mem_cgroup_sk_alloc, Documentation/admin-guide/cgroup-v2.rst',
  why:
    'About 4 KB of kernel memory for each connection is charged to the container that accepts ' +
    'it, and appears in no RSS. At the limit the kernel kills the process, or clamps its TCP ' +
    'windows.',
  explain: `The objects of a connection (TCP, socket inode, dentry, file, epoll entry) are charged
to the control group that opened it, as "slab" in memory.stat; data in its buffers as "sock". A
million connections take 4 GB there that ps and top do not show.

Judged: memory.current without inactive file cache, plus (connections of the target - connections
now) x (kernel share + declared share of the process), against memory.max. Above memory.high the
kernel slows the group down, which for an event loop is as bad.

The limit of a parent group counts too, and is not read: in Kubernetes the pod, under systemd the
slice. Size containers by this sum, not by RSS.`,
  evaluate: (facts, target) => {
    const groups = controlGroups(facts.processes, 'memory')
    if (groups.length === 0) return unknownFinding(cgroupMemory, noProcessNamed)
    return groups.map((group) => judge(facts, target, group, groups.length))
  },
}

function judge(facts: Facts, target: Target, group: ControlGroup, groupCount: number): Finding {
  const limit = limitOf(facts, group)
  if (!limit.known) return unknownFinding(cgroupMemory, limit, group.label)
  const events = eventMoves(facts, group)
  const happened = worstOf(
    ...events.map(({ name, move }) => lossStatus(move, EVENTS[name] ?? 'info')),
  )
  const high = highOf(group)
  const evidence = [
    `${limit.source}: ${limitText(limit.value)}`,
    ...events.map(({ source, move }) => `${source}: ${describeMove(move, facts)}`),
  ]
  if (!Number.isFinite(limit.value) && !Number.isFinite(high)) {
    const observed = `no limit${eventText(events)}`
    return findingOf(cgroupMemory, { subject: group.label, status: happened, observed, evidence })
  }
  const projection = project(facts, target, group, groupCount)
  if (!projection.known) return unknownFinding(cgroupMemory, projection, group.label)
  const { bytes, formula } = projection.value
  const share = bytes / limit.value
  const isSlowed = bytes > high
  const status = worstOf(
    happened,
    share > CRITICAL_SHARE ? 'critical' : share > WARN_SHARE || isSlowed ? 'warn' : 'ok',
  )
  return findingOf(cgroupMemory, {
    subject: group.label,
    status,
    observed:
      `${megabytes(bytes)} at the target, ${shareText(share, limit.value)}` +
      `${isSlowed ? `, above memory.high of ${megabytes(high)}` : ''}` +
      eventText(events),
    needed: `${formula}, at most ${percent(WARN_SHARE)} of the limit`,
    evidence: [...evidence, `${projection.source}: ${grouped(bytes)} at the target`],
    ...(isAlarm(status) ? remedy(group, bytes) : {}),
  })
}

function limitOf(facts: Facts, group: ControlGroup): Fact<number> {
  const { memoryMaxBytes } = group.first.cgroup
  return isUnlimitedRoot(facts, group, memoryMaxBytes)
    ? known(Number.POSITIVE_INFINITY, memoryMaxBytes.source)
    : memoryMaxBytes
}

/** Version 1 has a soft limit instead, which slows nothing down. */
function highOf({ first }: ControlGroup): number {
  const { version, memoryHighBytes } = first.cgroup
  const throttles = version.known && version.value === 2
  return throttles && memoryHighBytes.known ? memoryHighBytes.value : Number.POSITIVE_INFINITY
}

interface Projection {
  readonly bytes: number
  readonly formula: string
}

/** Now, without page cache that gives way, plus the connections that are still to come. */
function project(
  facts: Facts,
  target: Target,
  group: ControlGroup,
  groupCount: number,
): Fact<Projection> {
  const sample = facts.after.processes[group.first.pid]
  const current = sample?.cgroupMemoryCurrent
  if (current === undefined) return unknown('was not sampled', `/proc/${group.first.pid}`)
  if (!current.known) return current
  const present = connectionsNow(facts, group)
  if (!present.known) return present
  const statistics = sample?.cgroupMemoryStat
  const cache = statistics?.known
    ? (statistics.value.total_inactive_file ?? statistics.value.inactive_file ?? 0)
    : 0
  const used = Math.max(0, current.value - cache)
  const wanted = Math.ceil(socketsHeld(target) / groupCount)
  const more = Math.max(0, wanted - present.value)
  const each = kernelCostPerConnection(facts, target).bytes + target.processBytesPerConnection
  const bytes = used + more * each
  return known(
    {
      bytes,
      formula:
        `${megabytes(used)} now + (${counted(wanted, 'connection')} − ${grouped(present.value)} ` +
        `now) × ` +
        `${counted(each, 'byte')} = ${megabytes(bytes)}`,
    },
    current.source,
  )
}

/** Established in this namespace, but never more than the group has descriptors. */
function connectionsNow(facts: Facts, group: ControlGroup): Fact<number> {
  const { snmp } = facts.after
  const established = pickFact(snmp, (table) => table['Tcp.CurrEstab'], 'has no Tcp.CurrEstab')
  const counts = group.members.map(({ pid }) => facts.after.processes[pid]?.fdCount)
  const descriptors = counts.reduce(
    (sum, count) => sum + (count?.known ? count.value.count : Number.POSITIVE_INFINITY),
    0,
  )
  if (established.known) return mapFact(established, (count) => Math.min(count, descriptors))
  return Number.isFinite(descriptors) ? known(descriptors, '/proc/PID/fd') : established
}

interface EventMove {
  readonly name: string
  readonly source: string
  readonly move: CounterMove
}

function eventMoves(facts: Facts, { first }: ControlGroup): EventMove[] {
  const after = facts.after.processes[first.pid]?.cgroupMemoryEvents
  const before = facts.before.processes[first.pid]?.cgroupMemoryEvents
  if (!after?.known || !before?.known) return []
  return Object.keys(EVENTS).flatMap((name) => {
    const total = after.value[name]
    if (total === undefined) return []
    const earlier = before.value[name] ?? 0
    const move = moveBetween(facts, `${name} events`, earlier, total, after.source)
    return move.known ? [{ name, source: after.source, move: move.value }] : []
  })
}

function eventText(events: readonly EventMove[]): string {
  const moved = events.filter(({ move }) => move.delta > 0)
  return moved.map(({ name, move }) => `; ${name} +${grouped(move.delta)}`).join('')
}

function remedy({ first }: ControlGroup, bytes: number): Pick<Judgement, 'fixNow' | 'fixForGood'> {
  const wanted = Math.ceil(bytes / WARN_SHARE / 2 ** 20)
  const unit = first.unit.known ? first.unit.value.name : null
  return unit === null
    ? {
        fixNow: `give the container a memory limit of ${grouped(wanted)} MiB or more`,
        fixForGood: `in the definition of the container: memory limit ≥ ${wanted}Mi`,
      }
    : {
        fixNow: `systemctl set-property --runtime ${unit} MemoryMax=${wanted}M`,
        fixForGood: `/etc/systemd/system/${unit}.d/90-pushctl.conf: MemoryMax=${wanted}M`,
      }
}

function shareText(share: number, limit: number): string {
  return Number.isFinite(limit)
    ? `${percent(share)} of the limit of ${megabytes(limit)}`
    : 'no limit'
}

function megabytes(bytes: number): string {
  return bytes === Number.POSITIVE_INFINITY ? 'none' : `${grouped(Math.ceil(bytes / 2 ** 20))} MiB`
}
