/**
 * Timers of tracked connections against the longest silence of a healthy one. An entry that ends
 * under a live connection breaks it without a word.
 */
import { type ConntrackPath, conntrackPath, TIME_WAIT_KEY } from '../../conntrack-path.ts'
import { grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { raiseSysctl, type Setting, setSysctl } from '../../setting.ts'
import { worstOf } from '../../status-order.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import type { Target } from '../../target.ts'

const PREFIX = 'net.netfilter.nf_conntrack_tcp_'
const ESTABLISHED_KEY = `${PREFIX}timeout_established`
const LOOSE_KEY = `${PREFIX}loose`
const KEEPALIVE_KEY = 'net.ipv4.tcp_keepalive_time'
const ESTABLISHED_DEFAULT_SECONDS = 432_000
const ESTABLISHED_MIN_SECONDS = 7_200
const TIME_WAIT_SECONDS = 30
/** Entries for so many times the connections that exist belong to peers that have vanished. */
const VANISHED_TIMES = 2
const VANISHED_MIN = 10_000
const SHOWN = ['fin_wait', 'close_wait', 'max_retrans', 'unacknowledged'] as const

export const conntrackTimeouts: Check = {
  id: 'conntrack/timeouts',
  title: 'Timers of tracked connections',
  family: 'conntrack',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source:
    'net/netfilter/nf_conntrack_proto_tcp.c, ' + 'Documentation/networking/nf_conntrack-sysctl.rst',
  why:
    'An entry whose timer ends under a silent but live connection is forgotten; behind NAT, or ' +
    'with nf_conntrack_tcp_loose=0, its next packet is dropped and neither end is told.',
  explain: `nf_conntrack_tcp_timeout_established is how long a connection may be silent. The default
of five days (432,000 s) is safe, and keeps the entries of phones that vanished for five days as
well.

Set it to the larger of 7,200 s and four heartbeats. 600 s without heartbeats, as found in guides,
silently breaks idle push connections: the server believes they are open, pushes are lost until TCP
gives up after 15 minutes.

nf_conntrack_tcp_timeout_time_wait (120 s) may be 30 s: closed connections then leave the table
sooner. This is not TIME_WAIT of TCP, which stays 60 s.

Connections that wait for an acknowledgement follow shorter timers (max_retrans and unacknowledged,
300 s): TCP itself takes up to 924 s to give up.`,
  evaluate: evaluateTimeouts,
}

interface Silence {
  readonly seconds: number
  readonly declared: boolean
}

function evaluateTimeouts(facts: Facts, target: Target): Finding {
  const path = conntrackPath(facts)
  if (!path.known) return unknownFinding(conntrackTimeouts, path)
  const { state, count } = path.value
  if (state === 'not loaded' || state === 'not in the path') {
    return findingOf(conntrackTimeouts, {
      status: 'ok',
      observed: 'connections of this host are not tracked',
      evidence: [`${path.source}: ${state}`],
    })
  }
  const established = sysctlNumber(facts, ESTABLISHED_KEY)
  if (!established.known) return unknownFinding(conntrackTimeouts, established)
  const timeWait = sysctlNumber(facts, TIME_WAIT_KEY)
  if (!timeWait.known) return unknownFinding(conntrackTimeouts, timeWait)
  const silence = longestSilence(facts, target)
  const isShort = silence !== null && established.value < silence.seconds
  const vanished = isVanishing(facts, count, established.value)
  const closedOnesFill =
    state === 'tracking' &&
    timeWait.value > TIME_WAIT_SECONDS &&
    target.connectsPerSecond * timeWait.value > target.connections
  const status = worstOf(
    isShort ? shortStatus(state, silence.declared) : 'ok',
    vanished || closedOnesFill ? 'info' : 'ok',
  )
  const notes = [
    isShort ? `shorter than the ${grouped(silence.seconds)} s a connection may be silent` : '',
    vanished ? 'most entries belong to peers that have vanished' : '',
    closedOnesFill ? `${timeWait.value} s of closed connections outnumber the live ones` : '',
  ].filter((note) => note !== '')
  return findingOf(conntrackTimeouts, {
    status,
    observed: [`established ${grouped(established.value)} s`, ...notes].join('; '),
    needed: neededText(target, silence),
    evidence: evidenceOf(facts, [`${path.source}: ${grouped(count)}`]),
    settings: state === 'tracking' ? settingsOf(target, status, isShort, closedOnesFill) : [],
  })
}

/** Nothing is tracked yet: the timer may never concern the service. */
function shortStatus(state: ConntrackPath['state'], declared: boolean): Status {
  if (state === 'idle') return 'info'
  return declared ? 'critical' : 'warn'
}

/** Heartbeat if declared; else keepalive, which acts only on sockets that ask for it. */
function longestSilence(facts: Facts, target: Target): Silence | null {
  if (target.heartbeatSeconds !== null) {
    return { seconds: target.heartbeatSeconds, declared: true }
  }
  const keepalive = sysctlNumber(facts, KEEPALIVE_KEY)
  return keepalive.known ? { seconds: keepalive.value, declared: false } : null
}

function isVanishing(facts: Facts, count: number, establishedSeconds: number): boolean {
  const { snmp, sockstat } = facts.after
  const live = snmp.known ? snmp.value['Tcp.CurrEstab'] : undefined
  if (live === undefined || establishedSeconds < ESTABLISHED_DEFAULT_SECONDS) return false
  const closing = sockstat.known ? sockstat.value.timeWait : 0
  return count >= Math.max(VANISHED_MIN, VANISHED_TIMES * (live + closing))
}

function establishedWanted(target: Target): number {
  return Math.max(ESTABLISHED_MIN_SECONDS, 4 * (target.heartbeatSeconds ?? 0))
}

function neededText(target: Target, silence: Silence | null): string {
  const heartbeat = target.heartbeatSeconds
  if (heartbeat !== null) {
    return (
      `established ≥ ${grouped(establishedWanted(target))} s: ` +
      `max(${grouped(ESTABLISHED_MIN_SECONDS)}, 4 × heartbeat of ${grouped(heartbeat)} s)`
    )
  }
  const keepalive = silence === null ? 'not known' : `${grouped(silence.seconds)} s`
  return (
    `established longer than the longest silence; no heartbeat is declared, ` +
    `keepalive begins after ${keepalive}`
  )
}

function evidenceOf(facts: Facts, evidence: readonly string[]): string[] {
  const keys = [
    ESTABLISHED_KEY,
    TIME_WAIT_KEY,
    ...SHOWN.map((name) => `${PREFIX}timeout_${name}`),
    LOOSE_KEY,
  ]
  const values = keys.map((key) => sysctlNumber(facts, key))
  return [
    ...evidence,
    ...values.flatMap((value) => (value.known ? [`${value.source}: ${value.value}`] : [])),
  ]
}

function settingsOf(
  target: Target,
  status: Status,
  isShort: boolean,
  closedOnesFill: boolean,
): Setting[] {
  if (status === 'ok') return []
  const settings: Setting[] = []
  if (isShort) {
    const reason = 'entries must outlive the longest silence of a live connection'
    settings.push(raiseSysctl(ESTABLISHED_KEY, establishedWanted(target), reason))
  }
  if (closedOnesFill) {
    settings.push(setSysctl(TIME_WAIT_KEY, TIME_WAIT_SECONDS, 'closed connections leave sooner'))
  }
  return settings
}
