/**
 * Packets that the card or the cloud dropped before the kernel saw them. One packet may be counted
 * as missed, fifo and over at once, so the largest of the three is taken, not their sum.
 */
import {
  counted,
  type CounterMove,
  describeMove,
  grouped,
  lossStatus,
  percent,
} from '../../counter-moves.ts'
import type { Fact } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { InterfaceFacts } from '../../facts-network.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import {
  countedInterfaces,
  driverMove,
  interfaceMove,
  perInterface,
} from '../../judged-interfaces.ts'
import type { CommandSetting } from '../../setting.ts'
import { isAlarm, worstOf } from '../../status-order.ts'

const CRITICAL_SHARE = 0.0001
const RING_COUNTERS = ['rx_missed_errors', 'rx_fifo_errors', 'rx_over_errors'] as const
/**
 * Dropped by the stack, a filter or for lack of a listener to the protocol: no proof of overload.
 */
const STACK_COUNTERS = ['rx_dropped', 'tx_dropped', 'rx_errors', 'tx_errors'] as const
/** What Amazon's adapter counts when a limit of the instance type was hit. */
const ALLOWANCE = /_allowance_exceeded$/

export const nicDrops: Check = {
  id: 'nic/drops',
  title: 'Packets dropped by the network card',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source:
    'Documentation/networking/statistics.rst, Documentation/ABI/testing/sysfs-class-net-statistics',
  why:
    'Missed and fifo errors mean that the receive ring was full because the kernel did not ' +
    'empty it in time. Each is a lost packet, which the peer sends again after 200 ms or more.',
  explain: `The card writes packets into a ring in memory; softirq takes them out. When softirq
comes too late the ring is full and the card drops: rx_missed_errors or rx_fifo_errors, by driver.

A larger ring (ethtool -G IF rx MAX) buys milliseconds; if drops go on, more CPUs must take part:
nic/queues, nic/irq-affinity.

rx_dropped is different: the kernel's own drops, among them packets of protocols nobody listens to,
and with RPS or on loopback the backlog queue (nic/backlog). It alone proves nothing.

In a cloud the limit may be the contract: on Amazon's adapter ethtool -S shows
pps_allowance_exceeded, bw_in_allowance_exceeded, conntrack_allowance_exceeded. No setting of the
kernel helps there; a larger instance does.

Next step: ethtool -S IF | grep -iE 'drop|miss|exceed' twice, some seconds apart.`,
  evaluate: (facts) => perInterface(nicDrops, countedInterfaces(facts), (row) => judge(facts, row)),
}

function judge(facts: Facts, row: InterfaceFacts): Finding {
  const ring = ringDrops(facts, row.name)
  if (!ring.known) return unknownFinding(nicDrops, ring, row.name)
  const packets = interfaceMove(facts, row.name, 'rx_packets')
  const allowances = allowanceMoves(facts, row.name)
  const stack = movesOf(facts, row.name, STACK_COUNTERS)
  const share = packets.known ? shareOf(ring.value, packets.value) : null
  const ringStatus = lossStatus(
    ring.value,
    share !== null && share >= CRITICAL_SHARE ? 'critical' : 'warn',
  )
  const cannotSeeAllowances = row.driver.known && row.driver.value === 'ena' && allowances === null
  const status = worstOf(
    ringStatus,
    ...(allowances ?? []).map((move) => lossStatus(move, 'critical')),
    cannotSeeAllowances ? 'unknown' : 'ok',
    stack.some(({ basis, delta }) => basis === 'window' && delta > 0) ? 'info' : 'ok',
  )
  const moved = [...(allowances ?? []), ring.value, ...stack]
  return findingOf(nicDrops, {
    subject: row.name,
    status,
    observed: observedText(ring.value, share, allowances, stack, cannotSeeAllowances),
    needed: `no missed packets; ${percent(CRITICAL_SHARE)} of those received is critical`,
    evidence: moved
      .filter((move) => move === ring.value || move.total > 0)
      .map((move) => `${ring.source}: ${describeMove(move, facts)}`),
    settings: isAlarm(ringStatus) ? largerRing(row) : [],
    ...(allowances?.some(({ delta }) => delta > 0)
      ? { fixNow: CLOUD_FIX, fixForGood: CLOUD_FIX }
      : {}),
  })
}

const CLOUD_FIX =
  'a limit of the cloud, not of the kernel: take a larger instance type, or more instances'

function ringDrops(facts: Facts, name: string): Fact<CounterMove> {
  const moves = RING_COUNTERS.map((counter) => interfaceMove(facts, name, counter))
  const present = moves.flatMap((move) => (move.known ? [move] : []))
  const broken = moves.find((move) => !move.known && move.reason.includes('went backwards'))
  if (broken !== undefined) return broken
  const [first] = present
  if (first === undefined) return moves[0]!
  return present.reduce((most, move) => {
    const isMore =
      move.value.delta > most.value.delta ||
      (move.value.delta === most.value.delta && move.value.total > most.value.total)
    return isMore ? move : most
  }, first)
}

function shareOf(lost: CounterMove, received: CounterMove): number | null {
  const offered = lost.delta + received.delta
  return offered > 0 ? lost.delta / offered : null
}

function movesOf(facts: Facts, name: string, counters: readonly string[]): CounterMove[] {
  return counters
    .map((counter) => interfaceMove(facts, name, counter))
    .flatMap((move) => (move.known ? [move.value] : []))
}

/** Null: ethtool -S could not be read. */
function allowanceMoves(facts: Facts, name: string): CounterMove[] | null {
  const statistics = facts.after.interfaces[name]?.driverStatistics
  if (!statistics?.known) return null
  return Object.keys(statistics.value)
    .filter((counter) => ALLOWANCE.test(counter))
    .map((counter) => driverMove(facts, name, counter))
    .flatMap((move) => (move.known ? [move.value] : []))
}

function observedText(
  ring: CounterMove,
  share: number | null,
  allowances: readonly CounterMove[] | null,
  stack: readonly CounterMove[],
  cannotSeeAllowances: boolean,
): string {
  const when = ring.basis === 'window' ? 'now' : 'since boot'
  const exceeded = (allowances ?? []).filter(({ delta }) => delta > 0).map(({ name }) => name)
  if (exceeded.length > 0) return `the cloud dropped packets ${when}: ${exceeded.join(', ')}`
  if (ring.delta > 0) {
    const part = share === null ? '' : `, ${percent(share)} of those that came`
    return `${counted(ring.delta, 'packet')} lost in the receive ring ${when} (${ring.name})${part}`
  }
  if (cannotSeeAllowances) return "unknown: the cloud's limits show only in ethtool -S"
  const dropped = stack.filter(({ basis, delta }) => basis === 'window' && delta > 0)
  if (dropped.length > 0) {
    const counts = dropped.map(({ name, delta }) => `${name} +${grouped(delta)}`)
    return `none missed; ${counts.join(', ')}`
  }
  return ring.total > 0 ? `none now, ${grouped(ring.total)} since boot` : 'none'
}

function largerRing({ name, rings }: InterfaceFacts): CommandSetting[] {
  const max = rings.known ? (rings.value.max.RX ?? 0) : 0
  const now = rings.known ? (rings.value.now.RX ?? 0) : 0
  if (now === 0 || max <= now) return []
  return [
    {
      kind: 'command',
      command: `ethtool -G ${name} rx ${max}`,
      undo: `ethtool -G ${name} rx ${now}`,
      reason: 'a larger ring bridges a late softirq by some milliseconds',
    },
  ]
}
