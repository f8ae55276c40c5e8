/**
 * Retransmits as a share of what was sent, and whether they were needed: a duplicate SACK says that
 * the segment had arrived. Shares are judged from 10,000 segments on; fewer prove nothing on either
 * side.
 */
import {
  type CounterMove,
  counterMove,
  counterSum,
  describeMove,
  grouped,
  percent,
} from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { spuriousShare } from '../../spurious-share.ts'

const SEGMENTS_MIN = 10_000
/** Heuristic: mobile last miles run at 1 to 3 %. */
const INFO_SHARE = 0.01
const WARN_SHARE = 0.03
const CRITICAL_SHARE = 0.1
const TIMEOUTS_SHARE = 0.5
const NEEDLESS_SHARE = 0.5
const REAL_LOSS_SHARE = 0.1

const CONTEXT = [
  'TCPTimeouts',
  'TCPLossProbes',
  'TCPFastRetrans',
  'TCPSlowStartRetrans',
  'TCPLostRetransmit',
  'TCPSpuriousRTOs',
  'TCPDSACKRecv',
  'TCPSynRetrans',
  'TCPRetransFail',
] as const

export const tcpRetrans: Check = {
  id: 'tcp/retrans',
  title: 'Retransmitted segments',
  family: 'tcp',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp_output.c tcp_retransmit_skb, net/ipv4/tcp_input.c',
  why:
    'Each retransmit is a push that came late by a round trip at least, and a timeout makes it ' +
    '200 ms or more. Retransmits that were not needed point at delay on a host, not at loss on ' +
    'the path.',
  explain: `Share: RetransSegs / OutSegs over the window. OutSegs counts new data and pure ACKs,
not retransmits, so it is a true ratio. Below 1 % is normal, mobile networks run at 1 to 3 %,
above 10 % something drops packets.

Needed or not: TCPDSACKRecv counts segments that the peer had already. Over half of all
retransmits: the ACKs came late, look at host stalls, steal time and tcp/rto-min. Under a tenth:
real loss, look at nic/drops and nic/backlog first, then at the path.

TCPTimeouts over half of the retransmits: thin streams, such as a push now and then, lose their
whole flight and have nothing behind it to trigger a fast repair.

Next: tcpretrans -c (which peers), ss -tni (per connection). Do not raise rto_min to make the
number smaller: that only makes each real loss slower.`,
  evaluate: evaluateRetrans,
}

function evaluateRetrans(facts: Facts): Finding {
  const sent = counterMove(facts, 'Tcp.OutSegs')
  if (!sent.known) return unknownFinding(tcpRetrans, sent)
  const repeated = counterMove(facts, 'Tcp.RetransSegs')
  if (!repeated.known) return unknownFinding(tcpRetrans, repeated)
  const evidence = [
    `${sent.source}: ${describeMove(repeated.value, facts)}`,
    `${sent.source}: ${describeMove(sent.value, facts)}`,
    ...contextEvidence(facts),
  ]
  const needed = `under ${percent(INFO_SHARE)} of at least ${grouped(SEGMENTS_MIN)} segments sent`
  if (sent.value.delta < SEGMENTS_MIN) {
    return findingOf(tcpRetrans, {
      status: 'info',
      observed: `too few segments to judge: ${grouped(sent.value.delta)} ${whenOf(sent.value)}`,
      needed,
      evidence,
    })
  }
  const share = repeated.value.delta / sent.value.delta
  const status = statusOf(share, sent.value)
  return findingOf(tcpRetrans, {
    status,
    observed:
      `${percent(share)} of segments sent again ${whenOf(sent.value)} ` +
      `(${grouped(repeated.value.delta)} of ${grouped(sent.value.delta)})` +
      natureOf(facts, repeated.value),
    needed,
    evidence,
    ...(status === 'ok' ? {} : { fixNow: nextStep(facts) }),
  })
}

function whenOf({ basis }: CounterMove): string {
  return basis === 'window' ? 'now' : 'since boot'
}

function statusOf(share: number, sent: CounterMove): Status {
  if (share >= CRITICAL_SHARE) return sent.basis === 'window' ? 'critical' : 'warn'
  if (share >= WARN_SHARE) return 'warn'
  return share >= INFO_SHARE ? 'info' : 'ok'
}

/** Says what kind of retransmits they are, where there are any. */
function natureOf(facts: Facts, repeated: CounterMove): string {
  if (repeated.delta === 0) return ''
  const notes: string[] = []
  const needless = spuriousShare(facts)
  if (needless.known && needless.value >= NEEDLESS_SHARE) {
    notes.push(`${percent(needless.value)} of them needless: delay, not loss`)
  } else if (needless.known && needless.value < REAL_LOSS_SHARE) {
    notes.push('nearly all needed: real loss')
  }
  const timeouts = counterMove(facts, 'TcpExt.TCPTimeouts')
  if (timeouts.known && timeouts.value.delta / repeated.delta >= TIMEOUTS_SHARE) {
    notes.push('mostly after a timeout: thin streams lose whole flights')
  }
  return notes.map((note) => `; ${note}`).join('')
}

function nextStep(facts: Facts): string {
  const needless = spuriousShare(facts)
  return needless.known && needless.value >= NEEDLESS_SHARE
    ? 'look for stalls: cpu/steal, process/cpu-bound, tcp/rto-min; then: ss -tni'
    : 'look at nic/drops and nic/backlog, then at the path: tcpretrans -c; ss -tni'
}

function contextEvidence(facts: Facts): string[] {
  return CONTEXT.flatMap((name) => {
    const move = counterSum(facts, [`TcpExt.${name}`])
    return move.known && move.value.total > 0
      ? [`${move.source}: ${describeMove(move.value, facts)}`]
      : []
  })
}
