/**
 * Handshakes in progress, per listener. Half full is a threshold of the kernel itself: there it
 * gives up on old ones earlier.
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
import type { ListenerRow } from '../../parsers/ss-listeners.ts'
import { timerOf } from '../../parsers/ss-details.ts'
import type { SocketRow } from '../../parsers/ss-sockets.ts'
import { type Setting, setSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const WARN_SHARE = 0.5
const CRITICAL_SHARE = 0.9
const RETRIES_KEY = 'net.ipv4.tcp_synack_retries'
const RETRIES_SHORT = 3
/** Enough handshakes that are being repeated to speak of dead clients. */
const REPEATED_MIN = 100
/** A queue of a handful is no queue. */
const HANDSHAKES_MIN = 8

export const listenSynRecv: Check = {
  id: 'listen/syn-recv',
  title: 'SYN queue',
  family: 'listen',
  roles: ['server'],
  scope: 'netns',
  source:
    'net/ipv4/inet_connection_sock.c reqsk_timer_handler, net/ipv4/tcp_input.c tcp_conn_request',
  why:
    'A handshake waits in the SYN queue for its last ACK, and the queue is as long as the ' +
    'backlog of the listener. ' +
    'When it is full the kernel answers with cookies, or without cookies drops the SYN.',
  explain: `A healthy queue holds connects per second × round trip. Above half of the backlog
the kernel shortens the life of old entries to keep room for young ones, so half is where
trouble begins.

"Possible SYN flooding" in the kernel log, and TCPReqQFullDoCookies, are usually plain overload,
not an attack.

The cure is the backlog (listen/backlog). When many entries repeat their SYN-ACK (ss -o shows
the count as the third figure of the timer), clients have vanished: tcp_synack_retries=3 frees
an entry after 15 seconds instead of 63. Not 0 or 1: one lost packet would be a failed connect
for a phone.`,
  evaluate: evaluateSynRecv,
}

function evaluateSynRecv(facts: Facts): Finding {
  const { transientSockets, listeners } = facts.after
  if (!transientSockets.known) return unknownFinding(listenSynRecv, transientSockets)
  if (!listeners.known) return unknownFinding(listenSynRecv, listeners)
  const rows = transientSockets.value.rows.filter(({ state }) => state === 'SYN-RECV')
  const worst = fullestPort(rows, listeners.value)
  const evidence = [`${transientSockets.source}: ${grouped(rows.length)} in SYN_RECV`]
  const statuses: Status[] = [shareStatus(worst)]
  for (const [name, whenMoving] of [
    ['TcpExt.TCPReqQFullDrop', 'critical'],
    ['TcpExt.TCPReqQFullDoCookies', 'warn'],
  ] as const) {
    const move = counterMove(facts, name)
    if (!move.known) continue
    evidence.push(`${move.source}: ${describeMove(move.value, facts)}`)
    statuses.push(lossStatus(move.value, whenMoving))
  }
  evidence.push(...floodLines(facts))
  const status = STATUSES.find((candidate) => statuses.includes(candidate)) ?? 'ok'
  return findingOf(listenSynRecv, {
    status,
    observed: observedText(facts, rows.length, worst),
    needed: `under ${percent(WARN_SHARE)} of the backlog, no SYN dropped or answered by cookie`,
    evidence,
    settings: retriesSetting(facts, rows),
    ...(worst === null ? {} : { subject: `port ${worst.port}` }),
    ...(status === 'warn' || status === 'critical'
      ? {
          fixNow: 'a longer backlog and a restart of the listener: listen/backlog',
          fixForGood: 'a longer backlog in the program, and net.core.somaxconn as long',
        }
      : {}),
  })
}

interface PortQueue {
  readonly port: number
  readonly waiting: number
  readonly backlog: number
}

function fullestPort(
  rows: readonly SocketRow[],
  listeners: readonly ListenerRow[],
): PortQueue | null {
  const waiting = new Map<number, number>()
  for (const { localPort } of rows) waiting.set(localPort, (waiting.get(localPort) ?? 0) + 1)
  const queues = [...waiting].flatMap(([port, count]) => {
    // SO_REUSEPORT: the handshakes spread over all listeners of the port.
    const backlog = listeners
      .filter((listener) => listener.port === port)
      .reduce((sum, listener) => sum + listener.backlog, 0)
    return backlog > 0 ? [{ port, waiting: count, backlog }] : []
  })
  return queues.sort((a, b) => b.waiting / b.backlog - a.waiting / a.backlog)[0] ?? null
}

function shareStatus(worst: PortQueue | null): Status {
  if (worst === null || worst.waiting < Math.min(HANDSHAKES_MIN, worst.backlog)) return 'ok'
  const share = worst.waiting / worst.backlog
  return share >= CRITICAL_SHARE ? 'critical' : share >= WARN_SHARE ? 'warn' : 'ok'
}

function observedText(facts: Facts, total: number, worst: PortQueue | null): string {
  const dropped = counterMove(facts, 'TcpExt.TCPReqQFullDrop')
  const cookies = counterMove(facts, 'TcpExt.TCPReqQFullDoCookies')
  const parts = [`${counted(total, 'handshake')} in progress`]
  if (worst !== null) {
    const share = percent(worst.waiting / worst.backlog)
    parts.push(
      `port ${worst.port} holds ${grouped(worst.waiting)} of ${grouped(worst.backlog)} (${share})`,
    )
  }
  if (dropped.known && dropped.value.delta > 0) {
    parts.push(`${grouped(dropped.value.delta)} SYNs dropped at a full queue`)
  }
  if (cookies.known && cookies.value.delta > 0) {
    parts.push(`${grouped(cookies.value.delta)} answered by cookie`)
  }
  return parts.join(', ')
}

function retriesSetting(facts: Facts, rows: readonly SocketRow[]): Setting[] {
  const repeated = rows.filter((row) => (timerOf(row)?.retries ?? 0) >= RETRIES_SHORT).length
  const retries = sysctlNumber(facts, RETRIES_KEY)
  if (repeated < REPEATED_MIN || !retries.known || retries.value <= RETRIES_SHORT) return []
  return [setSysctl(RETRIES_KEY, RETRIES_SHORT, 'frees handshakes of vanished clients after 15 s')]
}

function floodLines(facts: Facts): string[] {
  if (!facts.kernelLog.known) return []
  const lines = facts.kernelLog.value.filter(({ kind }) => kind === 'synFlood')
  return lines.slice(-1).map(({ text }) => `kernel log: ${text}`)
}
