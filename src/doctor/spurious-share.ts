/**
 * How many of the retransmits were for nothing: a duplicate SACK tells the sender that the peer had
 * the segment already.
 */
import { counterMove } from './counter-moves.ts'
import { type Fact, known, unknown } from './fact.ts'
import type { Facts } from './facts.ts'

/** 0 … 1, of the retransmits in the window; unknown when there were none. */
export function spuriousShare(facts: Facts): Fact<number> {
  const repeated = counterMove(facts, 'Tcp.RetransSegs')
  if (!repeated.known) return repeated
  if (repeated.value.delta === 0) return unknown('nothing was sent again', repeated.source)
  const needless = counterMove(facts, 'TcpExt.TCPDSACKRecv')
  if (!needless.known) return needless
  return known(Math.min(1, needless.value.delta / repeated.value.delta), needless.source)
}
