/**
 * The neighbour table: generators and pods on one link fill its 1,024 entries long before anything
 * else ends.
 */
import {
  counted,
  describeMove,
  grouped,
  lossStatus,
  moveBetween,
  percent,
} from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  STATUSES,
  type Status,
  unknownFinding,
} from '../../finding.ts'
import { raiseSysctl, type Setting } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const KEY = 'net.ipv4.neigh.default.gc_thresh3'
const WARN_SHARE = 0.8

export const portsNeigh: Check = {
  id: 'ports/neigh',
  title: 'Neighbour table',
  family: 'ports',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/core/neighbour.c neigh_alloc',
  why:
    'Every address reached without a router takes an entry of the neighbour table. ' +
    'At gc_thresh3 a new one is refused, and sending to it fails with ENOBUFS.',
  explain: `Clients behind a router share the router's one entry, so internet traffic never
fills the table. Hundreds of containers or generators on one link do.

Set gc_thresh3 to four times the peers on the link, gc_thresh2 to half of it and gc_thresh1 to a
quarter.`,
  evaluate: evaluateNeigh,
}

function evaluateNeigh(facts: Facts): Finding {
  const limit = sysctlNumber(facts, KEY)
  if (!limit.known) return unknownFinding(portsNeigh, limit)
  const { neighbourCount } = facts.network
  if (!neighbourCount.known) return unknownFinding(portsNeigh, neighbourCount)
  const share = limit.value > 0 ? neighbourCount.value / limit.value : 1
  const statuses: Status[] = [share >= WARN_SHARE ? 'warn' : 'ok']
  const evidence = [
    `${neighbourCount.source}: ${counted(neighbourCount.value, 'entry', 'entries')}`,
    `${limit.source}: ${grouped(limit.value)}`,
  ]
  const refused = refusedEntries(facts)
  if (refused?.known) {
    evidence.push(`${refused.source}: ${describeMove(refused.value, facts)}`)
    statuses.push(lossStatus(refused.value, 'critical'))
  }
  const logged = facts.kernelLog.known
    ? facts.kernelLog.value.filter(({ kind }) => kind === 'neighbours')
    : []
  evidence.push(...logged.slice(-1).map(({ text }) => `kernel log: ${text}`))
  if (logged.length > 0) statuses.push('warn')
  const status = STATUSES.find((candidate) => statuses.includes(candidate)) ?? 'ok'
  return findingOf(portsNeigh, {
    status,
    observed: [
      `${counted(neighbourCount.value, 'neighbour')}, ${percent(share)} of ${grouped(limit.value)}`,
      ...(refused?.known && refused.value.delta > 0
        ? [`${grouped(refused.value.delta)} refused at a full table`]
        : []),
      ...(logged.length > 0 ? ['the kernel log tells of a full table'] : []),
    ].join('; '),
    needed: `under ${percent(WARN_SHARE)}`,
    evidence,
    settings: status === 'warn' || status === 'critical' ? thresholds(neighbourCount.value) : [],
  })
}

function refusedEntries(facts: Facts) {
  const after = facts.after.arpCacheStat
  const before = facts.before.arpCacheStat
  const total = after.known ? after.value.table_fulls : undefined
  if (!after.known || !before.known || total === undefined) return null
  const earlier = before.value.table_fulls ?? 0
  return moveBetween(facts, 'table_fulls', earlier, total, after.source, 32)
}

function thresholds(neighbours: number): Setting[] {
  const third = Math.max(4_096, 4 * neighbours)
  const reason = 'each peer on the link takes an entry'
  return [
    raiseSysctl('net.ipv4.neigh.default.gc_thresh1', third / 4, reason),
    raiseSysctl('net.ipv4.neigh.default.gc_thresh2', third / 2, reason),
    raiseSysctl(KEY, third, reason),
  ]
}
