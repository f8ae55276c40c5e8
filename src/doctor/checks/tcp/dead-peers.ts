/**
 * How a host notices that a peer is gone. The sysctls of keepalive act only on sockets that ask for
 * it and leave the values to the system, so the sockets are looked at, not the sysctls.
 */
import { counted, counterMove, describeMove, grouped, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { timerOf } from '../../parsers/ss-details.ts'
import type { SocketRow } from '../../parsers/ss-sockets.ts'
import { raiseSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { actsAsServer, type Target } from '../../target.ts'

const RETRIES_KEY = 'net.ipv4.tcp_retries2'
/** RFC 1122 4.2.3.5: at least 100 s before a connection is given up. */
const RETRIES_MIN = 8
const KEEPALIVE_KEYS = ['time', 'intvl', 'probes'].map((name) => `net.ipv4.tcp_keepalive_${name}`)
const CONTEXT = ['TCPAbortOnTimeout', 'TCPKeepAlive'] as const

export const tcpDeadPeers: Check = {
  id: 'tcp/dead-peers',
  title: 'Noticing dead peers',
  family: 'tcp',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp_timer.c tcp_write_timeout, ip-sysctl.rst tcp_retries2, RFC 1122 4.2.3.5',
  why:
    'A phone that loses its network says nothing: without a heartbeat of the application or ' +
    'keepalive its connection stays for ever, with descriptor and memory. Only data that is not ' +
    'acknowledged ends by itself, after 15 minutes by default.',
  explain: `Three ways out: a heartbeat of the application (best: it also keeps NAT entries alive
and tests the program), SO_KEEPALIVE on the socket, and unacknowledged data, which gives up after
tcp_retries2 tries: 15 tries are 924 s, 8 are just over the 100 s of RFC 1122. TCP_USER_TIMEOUT
sets that per socket.

The interval must be shorter than the idle timeout of every NAT and load balancer on the way: some
clouds forget a flow after 350 or 600 s.

The sysctls tcp_keepalive_* act only on sockets with SO_KEEPALIVE, and only for values the program
did not set. Node sets idle, interval (1 s) and count (10) itself, so it ignores them.

Do not set tcp_keepalive_time=30 for a million sockets: 33,000 packets a second, and radios that
never sleep. Do not set tcp_retries2 below 8: a tunnel or a lift then ends connections that would
have lived.`,
  evaluate: evaluateDeadPeers,
}

function evaluateDeadPeers(facts: Facts, target: Target): Finding {
  const retries = sysctlNumber(facts, RETRIES_KEY)
  if (!retries.known) return unknownFinding(tcpDeadPeers, retries)
  const { establishedSample: sample } = facts.sockets
  const evidence = [
    `${retries.source}: ${retries.value}`,
    ...KEEPALIVE_KEYS.flatMap((key) => {
      const value = sysctlNumber(facts, key)
      return value.known ? [`${value.source}: ${value.value}`] : []
    }),
    ...CONTEXT.flatMap((name) => {
      const move = counterMove(facts, `TcpExt.${name}`)
      return move.known ? [`${move.source}: ${describeMove(move.value, facts)}`] : []
    }),
  ]
  if (sample.known) evidence.push(`${sample.source}: ${keepaliveText(sample.value)}`)
  const needed = `${RETRIES_KEY} ≥ ${RETRIES_MIN}; a declared heartbeat, or SO_KEEPALIVE`
  if (retries.value < RETRIES_MIN) {
    return findingOf(tcpDeadPeers, {
      status: 'warn',
      observed:
        `connections end after ${counted(retries.value, 'try', 'tries')}, ` +
        'sooner than RFC 1122 allows',
      needed,
      evidence,
      settings: [raiseSysctl(RETRIES_KEY, RETRIES_MIN, 'at least 100 s of patience (RFC 1122)')],
    })
  }
  if (target.heartbeatSeconds !== null || !actsAsServer(target)) {
    const observed =
      target.heartbeatSeconds === null
        ? 'the generator notices dead peers by its own messages'
        : `a heartbeat every ${grouped(target.heartbeatSeconds)} s was declared`
    return findingOf(tcpDeadPeers, { status: 'ok', observed, needed, evidence })
  }
  if (!sample.known) return unknownFinding(tcpDeadPeers, sample)
  return judgeSample(sample.value, needed, evidence)
}

function judgeSample(
  rows: readonly SocketRow[],
  needed: string,
  evidence: readonly string[],
): Finding {
  const { idle, kept } = timersOf(rows)
  if (kept > 0) {
    const observed = `no heartbeat was declared; ${keepaliveText(rows)}`
    return findingOf(tcpDeadPeers, { status: 'ok', observed, needed, evidence })
  }
  if (idle === 0) {
    return findingOf(tcpDeadPeers, {
      status: 'info',
      observed: 'no heartbeat was declared, and no idle connection shows a timer now',
      needed,
      evidence,
    })
  }
  return findingOf(tcpDeadPeers, {
    status: 'warn',
    observed:
      'no heartbeat was declared; ' + `none of ${counted(idle, 'idle connection')} has keepalive`,
    needed,
    evidence,
    fixNow: 'if the protocol has heartbeats, declare their interval to doctor',
    fixForGood: 'a heartbeat in the protocol, or SO_KEEPALIVE with an idle time below 350 s',
  })
}

interface Timers {
  /** Sockets that wait for nothing: those that would show a keepalive timer if they had one. */
  readonly idle: number
  readonly kept: number
}

function timersOf(rows: readonly SocketRow[]): Timers {
  const kinds = rows.map((row) => timerOf(row)?.kind ?? null)
  const kept = kinds.filter((kind) => kind === 'keepalive').length
  return { kept, idle: kept + kinds.filter((kind) => kind === null).length }
}

function keepaliveText(rows: readonly SocketRow[]): string {
  const { idle, kept } = timersOf(rows)
  const share = idle === 0 ? '' : `, ${percent(kept / idle)}`
  return `${grouped(kept)} of ${counted(idle, 'idle connection')} have keepalive${share}`
}
