/** Accept queues as they stand: a queue that does not drain is latency added to every connect. */
import { counted, grouped, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { judgedListeners, ownersText, sameListener } from '../../judged-listeners.ts'
import { type ListenerRow, listenerName } from '../../parsers/ss-listeners.ts'
import type { Target } from '../../target.ts'

const FULL_SHARE = 0.8
const STANDING_SHARE = 0.3
/** One or two connections between two accepts are no queue, however short the backlog. */
const QUEUED_MIN = 3

export const listenQueueNow: Check = {
  id: 'listen/queue-now',
  title: 'Connections waiting to be accepted',
  family: 'listen',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'include/net/sock.h sk_acceptq_is_full',
  why:
    'A standing accept queue means that the program accepts more slowly than clients arrive, ' +
    'and adds its length to every ' +
    'connect. A full one is an overflow about to start.',
  explain: `ss -ltn: Recv-Q of a listener is the queue now. It may exceed the limit by one,
because the kernel tests "more than".

A queue that stands in both samples has a cause in the program: a blocked event loop, too little
CPU, no descriptors left, or a pause of accepting that does not end. A longer queue only hides
that.`,
  evaluate: evaluateQueue,
}

function evaluateQueue(facts: Facts, target: Target): Finding | Finding[] {
  const { listeners } = facts.after
  if (!listeners.known) return unknownFinding(listenQueueNow, listeners)
  const rows = judgedListeners(facts, target).map(({ row }) => row)
  const { listeners: before } = facts.before
  const findings = rows.flatMap((row) => {
    const earlier = before.known ? sameListener(before.value, row) : undefined
    const status = statusOf(facts, row, earlier)
    return status === 'ok' ? [] : [standingQueue(facts, row, earlier, status)]
  })
  if (findings.length > 0) return findings
  const longest = Math.max(0, ...rows.map(({ queued }) => queued))
  return findingOf(listenQueueNow, {
    status: 'ok',
    observed: `${counted(rows.length, 'listener')}, longest queue ${grouped(longest)}`,
    needed: `under ${percent(STANDING_SHARE)} of the limit in both samples`,
    evidence: [`${listeners.source}`],
  })
}

function statusOf(facts: Facts, row: ListenerRow, earlier: ListenerRow | undefined): Status {
  if (row.queued < QUEUED_MIN) return 'ok'
  if (row.queued >= FULL_SHARE * (row.backlog + 1)) return 'critical'
  const stands = (listener: ListenerRow): boolean =>
    listener.queued >= STANDING_SHARE * (listener.backlog + 1)
  if (!stands(row)) return 'ok'
  // Nobody knows whether it stood there before.
  if (facts.sampling === 'single') return 'info'
  return earlier !== undefined && stands(earlier) ? 'warn' : 'ok'
}

function standingQueue(
  facts: Facts,
  row: ListenerRow,
  earlier: ListenerRow | undefined,
  status: Status,
): Finding {
  const isCompared = facts.sampling === 'window' && earlier !== undefined
  const then = isCompared ? `, ${grouped(earlier.queued)} before` : ''
  return findingOf(listenQueueNow, {
    status,
    subject: listenerName(row),
    observed: `${grouped(row.queued)} of ${grouped(row.backlog)} waiting${then}`,
    needed: `under ${percent(STANDING_SHARE)} of the limit`,
    evidence: [
      `${facts.after.listeners.source}: ${listenerName(row)} Recv-Q ${row.queued}, Send-Q ` +
        `${row.backlog}, ${ownersText(row)}`,
    ],
    fixNow: `look at what blocks ${ownersText(row)}: CPU, descriptors, a paused accept`,
    fixForGood: 'more acceptors on the port (SO_REUSEPORT), or less work for each accept',
  })
}
