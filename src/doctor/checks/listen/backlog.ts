/**
 * The limit in force at each listener: what the program asked for, clipped by somaxconn when it
 * asked.
 */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import {
  type JudgedListener,
  judgedListeners,
  OWNER_NOT_KNOWN,
  ownersText,
} from '../../judged-listeners.ts'
import { type ListenerRow, listenerName } from '../../parsers/ss-listeners.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { acceptQueueNeeded, type Target } from '../../target.ts'
import { acceptQueueText, SOMAXCONN_KEY, stallText } from './somaxconn.ts'

/** A host of a thousand services gets a line each for the first ones, and a count. */
const FINDINGS_MAX = 20

export const listenBacklog: Check = {
  id: 'listen/backlog',
  title: 'Accept queue of each listener',
  family: 'listen',
  roles: ['server'],
  scope: 'process',
  source: 'net/ipv4/inet_connection_sock.c inet_csk_listen_start, ss(8) Send-Q of a listener',
  why:
    'The backlog given to listen() is the length of the accept queue of that listener; ' +
    'somaxconn only clips it. ' +
    'Raising the sysctl alone changes nothing until the program asks for more and listens again.',
  explain: `ss -ltn shows, for a listener, the connections waiting to be accepted as Recv-Q and
the limit in force as Send-Q.

Programs ask for little unless told: Node and nginx 511, Java 50, Erlang 5; Go reads somaxconn.
511 at 30,000 connects a second is 17 ms of stall.

In Node: server.listen({ port, backlog: 16384 }). In nginx: listen 443 backlog=16384. Then
restart.`,
  evaluate: evaluateBacklog,
}

function evaluateBacklog(facts: Facts, target: Target): Finding | Finding[] {
  const { listeners } = facts.after
  if (!listeners.known) return unknownFinding(listenBacklog, listeners)
  const judged = judgedListeners(facts, target)
  if (judged.length === 0) {
    return findingOf(listenBacklog, {
      status: target.ports.length > 0 ? 'unknown' : 'info',
      observed:
        target.ports.length > 0
          ? `unknown: nothing listens on port ${target.ports.join(', ')}`
          : 'nothing listens on this host',
      evidence: [`${listeners.source}: ${counted(listeners.value.length, 'listener')}`],
    })
  }
  const need = acceptQueueNeeded(target)
  const short = judged.filter(({ row }) => row.backlog < need)
  if (short.length === 0) {
    const lowest = Math.min(...judged.map(({ row }) => row.backlog))
    return findingOf(listenBacklog, {
      status: 'ok',
      observed:
        `${counted(judged.length, 'listener')}, the shortest queue holds ` + grouped(lowest),
      needed: acceptQueueText(target),
      evidence: [`${listeners.source}`],
    })
  }
  return short.slice(0, FINDINGS_MAX).map((listener) => shortListener(facts, target, listener))
}

function shortListener(facts: Facts, target: Target, { row, secondary }: JudgedListener): Finding {
  const cap = sysctlNumber(facts, SOMAXCONN_KEY)
  const need = acceptQueueNeeded(target)
  const clipped = cap.known && row.backlog === cap.value
  const evidence = [
    `${facts.after.listeners.source}: ${listenerName(row)} Recv-Q ${row.queued}, Send-Q ` +
      `${row.backlog}, ${ownersText(row)}`,
  ]
  if (cap.known) evidence.push(`${cap.source}: ${cap.value}`)
  return findingOf(listenBacklog, {
    status: secondary ? 'info' : 'warn',
    subject: listenerName(row),
    observed:
      `${grouped(row.backlog)} in ` +
      `force${stallText(row.backlog, target)}${causeText(clipped, secondary)}`,
    needed: acceptQueueText(target),
    evidence,
    fixNow: `let ${ownerText(row)} listen with a backlog of ${need}, and restart it`,
    fixForGood: clipped
      ? `raise net.core.somaxconn first (listen/somaxconn), then listen with backlog ${need}`
      : `the program's own setting, for example server.listen({ backlog: ${need} }) in Node`,
  })
}

function ownerText(row: ListenerRow): string {
  const owners = ownersText(row)
  return owners === OWNER_NOT_KNOWN ? 'the program that listens there' : owners
}

function causeText(clipped: boolean, secondary: boolean): string {
  if (secondary) return '; not what clients connect to, as far as can be told (name it with --port)'
  return clipped
    ? ', clipped by net.core.somaxconn'
    : ': what the program asked for, or what somaxconn was when it began to listen'
}
