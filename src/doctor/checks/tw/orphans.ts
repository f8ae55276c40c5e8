/**
 * Sockets without an owner that still have to say goodbye. The kernel resets them from a quarter of
 * the limit on.
 */
import {
  counted,
  counterMove,
  describeMove,
  grouped,
  lossStatus,
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
import { raiseSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { actsAsServer, type Target } from '../../target.ts'

const KEY = 'net.ipv4.tcp_max_orphans'
/** The kernel compares orphans << shift, shift 0 to 2: half and a quarter are real trip points. */
const WARN_SHARE = 0.25
const CRITICAL_SHARE = 0.5

export const twOrphans: Check = {
  id: 'tw/orphans',
  title: 'Orphaned sockets',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/ipv4/tcp.c tcp_check_oom, net/ipv4/tcp_timer.c tcp_out_of_resources',
  why:
    'A connection that the program has closed but whose last bytes are not acknowledged is ' +
    'an orphan. ' +
    'Beyond the limit, or a quarter of it for idle ones, the kernel resets orphans and the ' +
    'last bytes are lost.',
  explain: `Orphans are in FIN_WAIT1, CLOSING or LAST_ACK, without a descriptor. A server that
closes a million unreachable phones makes a million of them at once, each with up to its send
buffer, for 100 seconds and more.

Need: the larger of four times the orphans seen and half of all connections, when the server may
close all at once.

Do not lower tcp_max_orphans to save memory: that resets closes in progress. Do not set
tcp_orphan_retries=1 everywhere: on mobile networks it cuts off the last bytes.`,
  evaluate: evaluateOrphans,
}

function evaluateOrphans(facts: Facts, target: Target): Finding {
  const { sockstat } = facts.after
  if (!sockstat.known) return unknownFinding(twOrphans, sockstat)
  const limit = sysctlNumber(facts, KEY)
  if (!limit.known) return unknownFinding(twOrphans, limit)
  const { orphans } = sockstat.value
  const share = limit.value > 0 ? orphans / limit.value : 1
  const evidence = [
    `${sockstat.source}: orphan ${grouped(orphans)}`,
    `${limit.source}: ${grouped(limit.value)}`,
  ]
  const aborted = counterMove(facts, 'TcpExt.TCPAbortOnMemory')
  if (aborted.known) evidence.push(`${aborted.source}: ${describeMove(aborted.value, facts)}`)
  const logged = facts.kernelLog.known
    ? facts.kernelLog.value.filter(({ kind }) => kind === 'orphans')
    : []
  evidence.push(...logged.slice(-1).map(({ text }) => `kernel log: ${text}`))
  const closesAll = actsAsServer(target) ? Math.ceil(target.connections / 2) : 0
  const need = Math.max(4 * orphans, closesAll)
  const statuses: Status[] = [
    share >= CRITICAL_SHARE ? 'critical' : share >= WARN_SHARE ? 'warn' : 'ok',
    aborted.known ? lossStatus(aborted.value, 'critical') : 'ok',
    logged.length > 0 ? 'warn' : 'ok',
    limit.value < closesAll ? 'info' : 'ok',
  ]
  const status = STATUSES.find((candidate) => statuses.includes(candidate)) ?? 'ok'
  const isShort = limit.value < need && status !== 'ok'
  return findingOf(twOrphans, {
    status,
    observed: [
      `${counted(orphans, 'orphan')}, ${percent(share)} of ${grouped(limit.value)}`,
      ...(aborted.known && aborted.value.delta > 0
        ? [`${counted(aborted.value.delta, 'connection')} reset for want of memory`]
        : []),
      ...(logged.length > 0 ? ['the kernel log tells of too many'] : []),
      ...(limit.value < closesAll ? ['fewer than the target may close at once'] : []),
    ].join('; '),
    needed: `under ${percent(WARN_SHARE)} of the limit; ${KEY} ≥ ${grouped(need)}`,
    evidence,
    settings: isShort
      ? [raiseSysctl(KEY, need, 'closes in progress survive a mass disconnect')]
      : [],
  })
}
