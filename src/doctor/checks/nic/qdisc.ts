/** The queueing discipline on the way out: where a broadcast's burst waits, paced or dropped. */
import { describeMove, grouped, lossStatus, moveBetween } from '../../counter-moves.ts'
import { type Fact, unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { InterfaceFacts } from '../../facts-network.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { countedInterfaces, perInterface } from '../../judged-interfaces.ts'
import type { QdiscRow } from '../../parsers/tc-qdisc.ts'
import { worstOf } from '../../status-order.ts'
import { sysctlText } from '../../sysctl-facts.ts'

const DEFAULT_KEY = 'net.core.default_qdisc'
const CONGESTION_KEY = 'net.ipv4.tcp_congestion_control'
/** Shapes traffic per flow as BBR asks. */
const PACING = new Set(['fq', 'cake'])

export const nicQdisc: Check = {
  id: 'nic/qdisc',
  title: 'Queue on the way out (qdisc)',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/sched/sch_fq.c, net/sched/sch_generic.c, Documentation/admin-guide/sysctl/net.rst',
  why:
    'What TCP sends waits in the queueing discipline of the interface; a broadcast to many ' +
    'connections fills it at once. Drops there are lost segments that this host caused itself.',
  explain: `A push to 100,000 connections is 100,000 packets within milliseconds. They wait in the
qdisc of the interface: pfifo_fast (drops what does not fit into txqueuelen), fq_codel (drops what
waits too long), fq (paces each connection on its own).

fq suits BBR and heavy fan-out. BBR without fq works too: since 4.13 the kernel paces with a timer
for each socket, at some CPU cost. "mq" is a shell with a qdisc for each transmit queue.

Do not lengthen txqueuelen to hide drops: TCP holds back by itself (tcp_limit_output_bytes); drops
show that something else floods the interface or that it is slower than the target. lo and veth have
no queue.`,
  evaluate: (facts) => perInterface(nicQdisc, countedInterfaces(facts), (row) => judge(facts, row)),
}

function judge(facts: Facts, row: InterfaceFacts): Finding {
  const own = qdiscsOf(facts, 'after', row.name)
  if (!own.known) return unknownFinding(nicQdisc, own, row.name)
  const earlier = qdiscsOf(facts, 'before', row.name)
  if (!earlier.known) return unknownFinding(nicQdisc, earlier, row.name)
  const kinds = [...new Set(own.value.map(({ kind }) => kind))]
  const dropped = moveBetween(
    facts,
    `dropped by ${kinds[0] ?? 'the qdisc'}`,
    droppedBy(earlier.value),
    droppedBy(own.value),
    own.source,
  )
  if (!dropped.known) return unknownFinding(nicQdisc, dropped, row.name)
  const congestion = sysctlText(facts, CONGESTION_KEY)
  const isUnpaced =
    congestion.known && congestion.value === 'bbr' && !kinds.some((kind) => PACING.has(kind))
  const { delta, basis } = dropped.value
  const lost =
    delta > 0 ? `, ${grouped(delta)} dropped ${basis === 'window' ? 'now' : 'since boot'}` : ''
  return findingOf(nicQdisc, {
    subject: row.name,
    status: worstOf(lossStatus(dropped.value, 'warn'), isUnpaced ? 'info' : 'ok'),
    observed: `${kinds.join(' + ')}${lost}${isUnpaced ? '; bbr without fq' : ''}`,
    needed: isUnpaced ? 'no drops; fq paces bbr at less CPU' : 'no drops',
    evidence: evidenceOf(facts, row, describeMove(dropped.value, facts), own.source),
    ...(isUnpaced
      ? {
          fixNow: fairQueueNow(row.name, kinds),
          fixForGood: `on the host: ${DEFAULT_KEY} = fq, for interfaces made from then on`,
        }
      : {}),
    ...(delta > 0 ? { fixNow: `tc -s qdisc show dev ${row.name}, to see which queue drops` } : {}),
  })
}

function qdiscsOf(
  facts: Facts,
  moment: 'before' | 'after',
  device: string,
): Fact<readonly QdiscRow[]> {
  const { qdiscs } = facts[moment]
  if (!qdiscs.known) return qdiscs
  const own = qdiscs.value.filter((row) => row.device === device)
  return own.length > 0
    ? { ...qdiscs, value: own }
    : unknown(`names no qdisc of ${device}`, qdiscs.source)
}

/** A root such as mq repeats the sum of its children. */
function droppedBy(rows: readonly QdiscRow[]): number {
  const roots = rows.filter(({ root }) => root)
  return (roots.length > 0 ? roots : rows).reduce((sum, { dropped }) => sum + dropped, 0)
}

function evidenceOf(facts: Facts, row: InterfaceFacts, move: string, source: string): string[] {
  const evidence = [`${source}: ${move}`]
  for (const key of [DEFAULT_KEY, CONGESTION_KEY]) {
    const value = sysctlText(facts, key)
    if (value.known) evidence.push(`${value.source}: ${value.value}`)
  }
  const { transmitQueueLength } = row
  if (transmitQueueLength.known) {
    evidence.push(`${transmitQueueLength.source}: ${transmitQueueLength.value}`)
  }
  return evidence
}

/**
 * Under mq each transmit queue has a qdisc of its own, and takes the default when mq is renewed.
 */
function fairQueueNow(name: string, kinds: readonly string[]): string {
  return kinds.includes('mq')
    ? `sysctl -w ${DEFAULT_KEY}=fq, then tc qdisc replace dev ${name} root mq`
    : `tc qdisc replace dev ${name} root fq`
}
