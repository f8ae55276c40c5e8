/**
 * Connections lost at a full accept queue. The host counts them in one number; each listener's
 * drops say where.
 */
import {
  counted,
  type CounterMove,
  counterMove,
  describeMove,
  grouped,
  lossStatus,
} from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { ownersText, sameListener } from '../../judged-listeners.ts'
import { type ListenerRow, listenerName } from '../../parsers/ss-listeners.ts'
import { acceptQueueNeeded, type Target } from '../../target.ts'

export const listenOverflow: Check = {
  id: 'listen/overflow',
  title: 'Accept queue overflow',
  family: 'listen',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source:
    'net/ipv4/tcp_input.c tcp_conn_request, net/ipv4/tcp_ipv4.c tcp_v4_syn_recv_sock, ' +
    'include/net/tcp.h tcp_listendrop',
  why:
    'With a full accept queue the kernel drops new SYNs, and the client tries again after a ' +
    'second; it also drops the last ' +
    'ACK of a handshake, so that the client believes it is connected while the server does not.',
  explain: `ListenOverflows counts packets, not connections: every retry of a blocked client
counts again. ListenDrops counts every drop at a listener, overflows included; the two are not
two queues. What ListenDrops has beyond ListenOverflows was lost for other causes: no memory, no
route, or a full SYN queue without cookies.

First a longer queue (listen/backlog, listen/somaxconn), then faster accepting: more listeners
on the port (SO_REUSEPORT), less work for each accept. A descriptor limit shows here too:
accept() fails with EMFILE and the connection stays in the queue.

To see where: ss -Htlnm (the d figure of skmem), and the tcpsynbl tool of bcc, which in spite of
its name shows the accept queue.`,
  evaluate: evaluateOverflow,
}

function evaluateOverflow(facts: Facts, target: Target): Finding {
  const overflows = counterMove(facts, 'TcpExt.ListenOverflows')
  if (!overflows.known) return unknownFinding(listenOverflow, overflows)
  const drops = counterMove(facts, 'TcpExt.ListenDrops')
  const evidence = [`${overflows.source}: ${describeMove(overflows.value, facts)}`]
  if (drops.known) evidence.push(`${drops.source}: ${describeMove(drops.value, facts)}`)
  const dropping = droppingListeners(facts)
  evidence.push(
    ...dropping
      .slice(0, 5)
      .map(
        ({ row, dropped }) =>
          `${facts.after.listeners.source}: ${listenerName(row)} dropped ${grouped(dropped)}, ` +
          `queue ${row.queued} of ${row.backlog}, ${ownersText(row)}`,
      ),
  )
  const otherDrops = drops.known ? drops.value.delta - overflows.value.delta : 0
  const status = statusOf(overflows.value, otherDrops)
  const [worst] = dropping
  const remedy = status === 'critical' || status === 'warn'
  return findingOf(listenOverflow, {
    status,
    observed: observedText(overflows.value, otherDrops, worst),
    needed: '0',
    evidence,
    ...(worst === undefined ? {} : { subject: listenerName(worst.row) }),
    ...(remedy
      ? {
          fixNow:
            `let the listener hold ${grouped(acceptQueueNeeded(target))}: listen/backlog, ` +
            'listen/somaxconn, then restart it',
          fixForGood: 'more acceptors on the port (SO_REUSEPORT), or less work for each accept',
        }
      : {}),
  })
}

function statusOf(overflows: CounterMove, otherDrops: number): Status {
  const status = lossStatus(overflows, 'critical')
  if ((status === 'ok' || status === 'info') && otherDrops > 0 && overflows.basis === 'window') {
    return 'warn'
  }
  return status
}

function observedText(
  overflows: CounterMove,
  otherDrops: number,
  worst: DroppingListener | undefined,
): string {
  const where = worst === undefined ? '' : `, most at ${listenerName(worst.row)}`
  const others =
    otherDrops > 0 ? `; ${grouped(otherDrops)} dropped at listeners for other causes` : ''
  if (overflows.basis === 'boot') {
    return overflows.total === 0
      ? `no overflow since boot${others}`
      : `${counted(overflows.total, 'packet')} dropped since boot${where}${others}`
  }
  if (overflows.delta > 0) {
    const dropped = counted(overflows.delta, 'packet')
    return `${dropped} dropped at a full accept queue now${where}${others}`
  }
  return overflows.total > 0
    ? `not now; ${counted(overflows.total, 'packet')} dropped earlier${others}`
    : `no overflow${others}`
}

interface DroppingListener {
  readonly row: ListenerRow
  readonly dropped: number
}

/**
 * Listeners whose own counter moved (in the window, or ever where there is one sample), most first.
 */
function droppingListeners(facts: Facts): DroppingListener[] {
  const { listeners: after } = facts.after
  const { listeners: before } = facts.before
  if (!after.known) return []
  return after.value
    .map((row) => {
      const earlier =
        facts.sampling === 'window' && before.known ? sameListener(before.value, row) : undefined
      return { row, dropped: (row.drops ?? 0) - (earlier?.drops ?? 0) }
    })
    .filter(({ dropped }) => dropped > 0)
    .sort((a, b) => b.dropped - a.dropped)
}
