/**
 * Connections that ended otherwise than by FIN, by cause. The two largest causes are shown as
 * shares of all closes; only signs of a program that does not read are more than information.
 */
import {
  counted,
  type CounterMove,
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
import type { Target } from '../../target.ts'

/** What each counter means, in the words a person would use. */
const CAUSES = {
  'TcpExt.TCPAbortOnData': 'reset by this side (SO_LINGER 0, or data after close)',
  'TcpExt.TCPAbortOnClose': 'closed here with bytes unread',
  'TcpExt.TCPAbortOnTimeout': 'given up after the last retry',
  'TcpExt.TCPAbortOnLinger': 'reset in FIN_WAIT2',
  'TcpExt.TCPAbortOnMemory': 'reset for want of memory',
  'TcpExt.TCPAbortFailed': 'reset that could not be sent',
  'Tcp.EstabResets': 'reset while established, by either side',
  'Tcp.AttemptFails': 'failed before they were established',
} as const
const CONTEXT = ['Tcp.OutRsts', 'TcpExt.TCPZeroWindowDrop', 'TcpExt.TCPWqueueTooBig'] as const
const NOT_READING = 'TcpExt.TCPToZeroWindowAdv'
const FLOODED = 'TcpExt.TCPBacklogDrop'
/** Zero windows a second, as a share of the connections. */
const NOT_READING_SHARE = 0.01
/** Heuristic: from here on a cause is worth a line to read. */
const NOTABLE_SHARE = 0.1

export const tcpAborts: Check = {
  id: 'tcp/aborts',
  title: 'Connections that did not end well',
  family: 'tcp',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp.c __tcp_close, net/ipv4/tcp_ipv4.c tcp_add_backlog, RFC 2525 2.17',
  why:
    'Each cause of a reset has its own counter, which says whether the program, the peer or the ' +
    'path ended connections. A receive window that goes to zero means that the program does not ' +
    'read.',
  explain: `TCPAbortOnClose: the program closed while bytes were unread, and the peer got a reset
instead of what was sent last. TCPAbortOnData: a reset on purpose (SO_LINGER 0) or data for a
socket that was closed. TCPAbortOnTimeout: the peer is gone. EstabResets counts both directions,
AttemptFails failed handshakes, not resets received.

TCPBacklogDrop: one socket got packets faster than its owner could take them while it was locked:
a flood on one connection, or one that sends and receives huge messages.

TCPToZeroWindowAdv: a receive buffer was full. A few are normal in bulk transfers; one a second
for each hundred connections means that the program does not read, because it is stuck or applies
backpressure without end.

Nothing here is cured by a sysctl. Do not enlarge buffers to hide a program that does not read.`,
  evaluate: evaluateAborts,
}

function evaluateAborts(facts: Facts, target: Target): Finding {
  const flooded = counterMove(facts, FLOODED)
  if (!flooded.known) return unknownFinding(tcpAborts, flooded)
  const zeroWindows = counterMove(facts, NOT_READING)
  if (!zeroWindows.known) return unknownFinding(tcpAborts, zeroWindows)
  const causes = causesOf(facts)
  const closes = closesIn(facts)
  const [first, second] = causes
  const isNotReading =
    zeroWindows.value.basis === 'window' &&
    zeroWindows.value.perSecond >= Math.max(1, NOT_READING_SHARE * target.connections)
  const isNotable =
    first !== undefined && closes !== null && first.delta >= NOTABLE_SHARE * Math.max(1, closes)
  const statuses: Status[] = [
    lossStatus(flooded.value, 'warn'),
    isNotReading ? 'warn' : 'ok',
    isNotable ? 'info' : 'ok',
  ]
  const observed = [
    ...(isNotReading
      ? [
          'receive buffers fill up, ' +
            `${grouped(Math.round(zeroWindows.value.perSecond))} a second: ` +
            'the program does not read',
        ]
      : []),
    ...(flooded.value.delta > 0
      ? [`${counted(flooded.value.delta, 'packet')} dropped at a socket that was flooded`]
      : []),
    ...[first, second].flatMap((cause) => (cause ? [causeText(cause, closes)] : [])),
  ]
  return findingOf(tcpAborts, {
    status: STATUSES.find((candidate) => statuses.includes(candidate)) ?? 'ok',
    observed: observed.join('; ') || 'no connection was reset',
    needed:
      `no ${FLOODED}, and ${NOT_READING} under ` +
      `${grouped(Math.max(1, NOT_READING_SHARE * target.connections))}/s (1 % of the connections)`,
    evidence: evidenceOf(facts, [...causes, flooded.value, zeroWindows.value]),
    ...(isNotReading
      ? { fixNow: 'see which sockets have bytes unread: ss -tnp | sort -nrk2 | head' }
      : {}),
  })
}

/** What moved, most first. */
function causesOf(facts: Facts): CounterMove[] {
  return Object.keys(CAUSES)
    .flatMap((name) => {
      const move = counterMove(facts, name)
      return move.known && move.value.delta > 0 ? [move.value] : []
    })
    .sort((a, b) => b.delta - a.delta)
}

/**
 * Connections that ended: those opened or accepted in the window that do not add to what is
 * established. Null where that cannot be told; CurrEstab is a gauge, so a single sample does not.
 */
function closesIn(facts: Facts): number | null {
  if (facts.sampling === 'single') return null
  const opened = ['Tcp.ActiveOpens', 'Tcp.PassiveOpens'].map((name) => counterMove(facts, name))
  const { snmp: now } = facts.after
  const { snmp: then } = facts.before
  const current = now.known ? now.value['Tcp.CurrEstab'] : undefined
  const earlier = then.known ? then.value['Tcp.CurrEstab'] : undefined
  if (current === undefined || earlier === undefined) return null
  if (!opened.every((move) => move.known)) return null
  const openedCount = opened.reduce((sum, move) => sum + (move.known ? move.value.delta : 0), 0)
  return Math.max(0, openedCount - (current - earlier))
}

function causeText({ name, delta }: CounterMove, closes: number | null): string {
  const share =
    closes === null || closes === 0 ? '' : ` (${percent(Math.min(1, delta / closes))} of closes)`
  return `${grouped(delta)} ${CAUSES[name as keyof typeof CAUSES]}${share}`
}

function evidenceOf(facts: Facts, moves: readonly CounterMove[]): string[] {
  const context = CONTEXT.flatMap((name) => {
    const move = counterMove(facts, name)
    return move.known && move.value.total > 0 ? [move.value] : []
  })
  return [...moves, ...context].map((move) => {
    const file = move.name.startsWith('Tcp.') ? '/proc/net/snmp' : '/proc/net/netstat'
    return `${file}: ${describeMove(move, facts)}`
  })
}
