/**
 * TIME_WAIT entries skipped at the cap. Never critical: the application sees nothing, only late
 * segments do.
 */
import {
  counted,
  type CounterMove,
  counterMove,
  counterSum,
  describeMove,
  grouped,
  lossStatus,
  percent,
} from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { raiseSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { closesPerSecond, type Target } from '../../target.ts'

const KEY = 'net.ipv4.tcp_max_tw_buckets'
/** Length of TIME_WAIT, a constant of every kernel (TCP_TIMEWAIT_LEN). */
const TIME_WAIT_SECONDS = 60

export const twOverflow: Check = {
  id: 'tw/overflow',
  title: 'TIME_WAIT table overflow',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/inet_timewait_sock.c inet_twsk_alloc, net/ipv4/tcp_minisocks.c tcp_time_wait',
  why:
    'At the cap the kernel skips TIME_WAIT and frees the socket at once, so late segments ' +
    'meet a closed port ' +
    'and a lost last ACK is answered by a reset. The cap is only a guard against floods: an ' +
    'entry costs about 256 bytes.',
  explain: `The side that closes a connection first keeps it in TIME_WAIT for 60 seconds.
tcp_max_tw_buckets caps how many entries one network namespace may hold; beyond it the kernel
drops the state silently, and no line in the kernel log says so any more:
TcpExt.TCPTimeWaitOverflow is the only witness.

Need: 1.2 x closes per second begun by this host x 60 s.

Do not lower the cap to "get rid of" TIME_WAIT. The entries protect the next connection on the
same pair of ports.`,
  evaluate: evaluateOverflow,
}

function evaluateOverflow(facts: Facts, target: Target): Finding {
  const overflow = counterMove(facts, 'TcpExt.TCPTimeWaitOverflow')
  if (!overflow.known) return unknownFinding(twOverflow, overflow)
  const entered = counterSum(facts, ['TcpExt.TW', 'TcpExt.TWKilled'])
  const cap = sysctlNumber(facts, KEY)
  const { sockstat } = facts.after
  const closes = grouped(closesPerSecond(target))
  const need = Math.ceil(1.2 * closesPerSecond(target) * TIME_WAIT_SECONDS)
  const fill =
    sockstat.known && cap.known && cap.value > 0 ? sockstat.value.timeWait / cap.value : 0
  const evidence = [`${overflow.source}: ${describeMove(overflow.value, facts)}`]
  if (sockstat.known) evidence.push(`${sockstat.source}: tw ${grouped(sockstat.value.timeWait)}`)
  if (cap.known) evidence.push(`${cap.source}: ${grouped(cap.value)}`)
  const isShort = cap.known && cap.value < need
  const status = statusOf(overflow.value, fill, isShort)
  return findingOf(twOverflow, {
    status,
    observed: observedText(
      overflow.value,
      entered.known ? entered.value : null,
      fill,
      isShort ? cap.value / closesPerSecond(target) : null,
    ),
    needed: `${KEY} ≥ ${grouped(need)} (1.2 × ${closes} closes/s × 60 s)`,
    evidence,
    settings:
      status === 'ok' || !isShort
        ? []
        : [raiseSysctl(KEY, need, `holds ${TIME_WAIT_SECONDS} s of closes at the target's peak`)],
  })
}

function statusOf(overflow: CounterMove, fill: number, isShort: boolean): Status {
  const status = lossStatus(overflow, 'warn')
  return status === 'ok' && (fill >= 0.9 || isShort) ? 'info' : status
}

function observedText(
  overflow: CounterMove,
  entered: CounterMove | null,
  fill: number,
  secondsHeld: number | null,
): string {
  if (overflow.delta > 0) {
    const offered = overflow.delta + (entered?.delta ?? 0)
    const when = overflow.basis === 'window' ? 'now' : 'since boot'
    return (
      `${counted(overflow.delta, 'connection')} left TIME_WAIT at the cap ${when}, ` +
      `${percent(overflow.delta / offered)} of all`
    )
  }
  const state = `no overflow now, table ${percent(fill)} full`
  return secondsHeld === null
    ? state
    : `${state}; the cap would hold ${secondsHeld.toFixed(1)} s of the target's closes`
}
