/**
 * The queue between CPUs: RPS, loopback, veth and cards without NAPI go through it. A card with
 * NAPI and without RPS never does, so its length is advice only where packets were dropped there.
 */
import { counted, describeMove, grouped, lossStatus } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  type Status,
  unknownFinding,
} from '../../finding.ts'
import { raiseSysctl } from '../../setting.ts'
import { type CpuMove, softnetMoves, softnetTotal } from '../../softnet-moves.ts'
import { isAlarm } from '../../status-order.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { actsAsServer, nextPowerOfTwo, type Target } from '../../target.ts'

const KEY = 'net.core.netdev_max_backlog'
const LENGTH_MIN = 1_000
/**
 * More only adds delay: at this length and 100,000 packets a second a packet already waits 160 ms.
 */
const LENGTH_MAX = 16_384
/** How long a CPU may be kept from its queue without loss. */
const STALL_SECONDS = 0.02
const CRITICAL_PER_SECOND = 1

export const nicBacklog: Check = {
  id: 'nic/backlog',
  title: 'Drops of the per-CPU backlog queue',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/core/dev.c enqueue_to_backlog, Documentation/admin-guide/sysctl/net.rst',
  why:
    'Packets handed to another CPU (RPS, loopback, veth) wait in a queue of netdev_max_backlog ' +
    'packets; what does not fit is dropped without a word to the sender. A card with NAPI and ' +
    'without RPS does not use this queue at all.',
  explain: `Second column of /proc/net/softnet_stat, hexadecimal, one row a CPU. The queue is filled
by RPS, by loopback and veth traffic, and by old drivers; tests over loopback overflow the default
of 1,000 easily: 6,019 drops and 8,213 retransmits in one run of a million connects.

Length: packets a second of one CPU x 20 ms, as a power of two, between 1,000 and 16,384.

Do not write 250,000: the queue then holds seconds of packets, pins 1 to 2 KB of memory for each,
and every one of them is late. If drops go on at 16,384, the CPU has too much to do:
cpu/softirq-balance.`,
  evaluate: evaluateBacklog,
}

function evaluateBacklog(facts: Facts, target: Target): Finding {
  const dropped = softnetTotal(facts, 'dropped')
  if (!dropped.known) return unknownFinding(nicBacklog, dropped)
  const drops = softnetMoves(facts, 'dropped')
  const length = sysctlNumber(facts, KEY)
  const wanted = lengthWanted(facts)
  const status = lossStatus(dropped.value, whenMoving(dropped.value.perSecond, target))
  const evidence = [`${dropped.source}: ${describeMove(dropped.value, facts)}`]
  if (drops.known) evidence.push(...worstCpus(drops.value))
  evidence.push(
    length.known
      ? `${length.source}: ${grouped(length.value)}`
      : `${length.source}: unknown, ${length.reason}`,
  )
  for (const column of ['receivedRps', 'flowLimitDropped'] as const) {
    const move = softnetTotal(facts, column)
    if (move.known && move.value.total > 0) {
      evidence.push(`${move.source}: ${describeMove(move.value, facts)}`)
    }
  }
  return findingOf(nicBacklog, {
    status,
    observed: observedText(dropped.value),
    needed: wanted.formula,
    evidence,
    ...remedy(facts, status, wanted.length),
  })
}

function whenMoving(perSecond: number, target: Target): Status {
  return perSecond >= CRITICAL_PER_SECOND || actsAsServer(target) ? 'critical' : 'warn'
}

function observedText(dropped: { delta: number; total: number; basis: 'window' | 'boot' }): string {
  if (dropped.total === 0) return 'no drops'
  if (dropped.basis === 'boot') return `${counted(dropped.total, 'packet')} dropped since boot`
  return dropped.delta > 0
    ? `${counted(dropped.delta, 'packet')} dropped now`
    : `no drops now, ${grouped(dropped.total)} since boot`
}

function worstCpus(moves: readonly CpuMove[]): string[] {
  return [...moves]
    .filter(({ move }) => move.delta > 0)
    .sort((a, b) => b.move.delta - a.move.delta)
    .slice(0, 4)
    .map(({ cpu, move }) => `CPU ${cpu}: +${grouped(move.delta)}`)
}

/** clamp(nextpow2(packets/s of the busiest CPU × 20 ms), 1000, 16384). */
function lengthWanted(facts: Facts): { length: number; formula: string } {
  const processed = softnetMoves(facts, 'processed')
  const perSecond = processed.known
    ? Math.ceil(Math.max(...processed.value.map(({ move }) => move.perSecond)))
    : 0
  const length = Math.min(
    LENGTH_MAX,
    Math.max(LENGTH_MIN, nextPowerOfTwo(Math.ceil(perSecond * STALL_SECONDS))),
  )
  return {
    length,
    formula:
      `no drops; a queue of ${grouped(length)} (${grouped(perSecond)} packets/s of the busiest ` +
      `CPU × ` +
      `${STALL_SECONDS * 1_000} ms, between ${grouped(LENGTH_MIN)} and ${grouped(LENGTH_MAX)})`,
  }
}

type Remedy = Pick<Judgement, 'settings' | 'fixNow' | 'fixForGood'>

/**
 * Drops at the length that should do: the present length was too short, so the next step is twice
 * of it.
 */
function remedy(facts: Facts, status: Status, wanted: number): Remedy {
  if (!isAlarm(status)) return {}
  const length = sysctlNumber(facts, KEY)
  if (!length.known) {
    return {
      fixNow: `on the host, not from in here: sysctl -w ${KEY}=${wanted}`,
      fixForGood: `on the host: /etc/sysctl.d/90-pushctl.conf: ${KEY} = ${wanted}`,
    }
  }
  const next = Math.min(LENGTH_MAX, Math.max(wanted, nextPowerOfTwo(length.value + 1)))
  if (next <= length.value) {
    return {
      fixNow: 'a longer queue only adds delay: take work off the CPU (cpu/softirq-balance)',
      fixForGood: 'spread packets over more CPUs: nic/queues, nic/irq-affinity, nic/rps',
    }
  }
  return { settings: [raiseSysctl(KEY, next, 'packets were dropped between CPUs')] }
}
