/**
 * The cap on every accept queue of this network namespace, against what piles up while accepting
 * stalls.
 */
import { grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { raiseSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { acceptQueueNeeded, type Target } from '../../target.ts'

export const SOMAXCONN_KEY = 'net.core.somaxconn'
/** A queue that holds less than this much of arrivals overflows at any collection. */
const CRITICAL_SECONDS = 0.05

export const listenSomaxconn: Check = {
  id: 'listen/somaxconn',
  title: 'Cap on accept queues',
  family: 'listen',
  roles: ['server'],
  scope: 'netns',
  source: 'net/socket.c __sys_listen, net/ipv4/af_inet.c inet_listen',
  why:
    'listen() keeps the smaller of the backlog the program asked for and net.core.somaxconn, ' +
    'and that one number caps ' +
    'the accept queue and the SYN queue. Connections that arrive while the event loop is ' +
    'blocked pile up there.',
  explain: `Need: connects per second × the stall to survive (0.5 s: a collection, a reload),
divided by the listeners that share the port, rounded up to a power of two, between 4096 and
65535.

The value acts when listen() is called: restart the program after raising it, and raise the
program's own backlog too, because somaxconn only clips and never raises (Node asks for 511
unless told).

128 and 511 come from old guides. Larger is not better without end: behind a stuck program, a
queue of 65,535 lets clients wait in a dead queue for minutes instead of going to another node.`,
  evaluate: evaluateSomaxconn,
}

function evaluateSomaxconn(facts: Facts, target: Target): Finding {
  const cap = sysctlNumber(facts, SOMAXCONN_KEY)
  if (!cap.known) return unknownFinding(listenSomaxconn, cap)
  const need = acceptQueueNeeded(target)
  const status: Status =
    cap.value < target.connectsPerSecond * CRITICAL_SECONDS
      ? 'critical'
      : cap.value < need
        ? 'warn'
        : 'ok'
  return findingOf(listenSomaxconn, {
    status,
    observed: `${grouped(cap.value)}${stallText(cap.value, target)}`,
    needed: acceptQueueText(target),
    evidence: [`${cap.source}: ${cap.value}`],
    settings:
      status === 'ok'
        ? []
        : [
            raiseSysctl(
              SOMAXCONN_KEY,
              need,
              'holds what arrives while accepting stalls; restart the listener',
            ),
          ],
  })
}

/** "≥ 16,384 (30,000 connects/s × 0.5 s ÷ 1 listener, to a power of two, 4,096 to 65,535)". */
export function acceptQueueText(target: Target): string {
  const { connectsPerSecond, acceptStallSeconds, roundTripSecondsP99, listeners } = target
  const stall = Math.max(acceptStallSeconds, roundTripSecondsP99)
  return (
    `≥ ${grouped(acceptQueueNeeded(target))} (${grouped(connectsPerSecond)} connects/s × ` +
    `${stall} s ÷ ` +
    `${listeners} listener${listeners === 1 ? '' : 's'}, to a power of two, 4,096 to 65,535)`
  )
}

/** How long a queue lasts at the target's rate. */
export function stallText(queue: number, target: Target): string {
  if (target.connectsPerSecond <= 0) return ''
  const milliseconds = Math.round((queue * 1_000 * target.listeners) / target.connectsPerSecond)
  return (
    `, full after ${grouped(milliseconds)} ms at ${grouped(target.connectsPerSecond)} ` +
    'connects/s'
  )
}
