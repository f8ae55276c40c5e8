/**
 * Whether one CPU does the receive work of all; the host then ends there while top shows it idle.
 */
import { counted, describeMove, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import {
  SOFTIRQ_SHARE_HIGH,
  SOFTIRQ_SHARE_MAX,
  type SoftirqBalance,
  softirqBalance,
  softirqSharesText,
  TIMES_MEAN,
  TIMES_MEDIAN,
} from '../../softirq-balance.ts'
import { softnetTotal } from '../../softnet-moves.ts'
import { isAlarm } from '../../status-order.ts'
import type { Target } from '../../target.ts'

export const cpuSoftirqBalance: Check = {
  id: 'cpu/softirq-balance',
  title: 'Receive work over the CPUs (softirq)',
  family: 'cpu',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'Documentation/networking/scaling.rst, net/core/dev.c net_rx_action, kernel/softirq.c',
  why:
    'Packets are worked on where the interrupt of their queue fires. One CPU full of softirq ' +
    'caps the whole host while the others idle, and event loops on that CPU get what is left.',
  explain: `Each CPU's share of time in softirq, from two samples of /proc/stat. Taobao's balancer
had two of eight CPUs at 58 % and the rest at nothing: it was full, and top showed it three quarters
idle. With RPS all eight stood at 11 to 14 %.

From half a CPU, and three times the median, the skew is the problem; from 85 % the CPU is full
however even the others are. Softirq time is sampled at ticks, so packets counted per CPU
(softnet_stat) are the second witness, and a busy ksoftirqd thread the third. With threaded NAPI the
work runs in threads napi/IF-N and is no softirq time at all.

In this order: receive queues of the card (nic/queues), their interrupts on different CPUs
(nic/irq-affinity), RPS where queues are too few (nic/rps), and event loops pinned to other CPUs.

Next step: softirqs -d 1, or perf top -C N on the busy CPU.`,
  evaluate: evaluateBalance,
}

function evaluateBalance(facts: Facts, target: Target): Finding {
  const balance = softirqBalance(facts, target)
  if (!balance.known) return unknownFinding(cpuSoftirqBalance, balance)
  const { status, shares } = balance.value
  const evidence = [`${balance.source}: softirq ${softirqSharesText(shares)}`]
  const processed = softnetTotal(facts, 'processed')
  if (processed.known) evidence.push(`${processed.source}: ${describeMove(processed.value, facts)}`)
  evidence.push(...threadedInterfaces(facts))
  return findingOf(cpuSoftirqBalance, {
    status,
    observed: observedText(balance.value),
    needed:
      `no CPU at ${percent(SOFTIRQ_SHARE_MAX)} softirq, none at ${percent(SOFTIRQ_SHARE_HIGH)} ` +
      `and ` +
      `${TIMES_MEDIAN} × the median, none with ${TIMES_MEAN} × the mean of packets`,
    evidence,
    ...(isAlarm(status)
      ? {
          fixNow: 'spread interrupts or steer packets: see nic/irq-affinity and nic/rps',
          fixForGood: 'more receive queues (nic/queues), event loops pinned to other CPUs',
        }
      : {}),
  })
}

function observedText(balance: SoftirqBalance): string {
  const { hottestCpu, hottestShare, medianShare, loadedCpus, busyThreads, shares } = balance
  const count = shares.rows.length
  const parts = [
    loadedCpus.length > 0
      ? `${loadedCpus.length} of ${counted(count, 'CPU')} at ` +
        `${percent(SOFTIRQ_SHARE_HIGH)} softirq or more ` +
        `(CPU ${hottestCpu} at ${percent(hottestShare)}, median ${percent(medianShare)})`
      : `at most ${percent(hottestShare)} softirq (CPU ${hottestCpu}), median ` +
        `${percent(medianShare)}`,
  ]
  if (balance.packetsOverMean !== null && balance.packetsOverMean >= TIMES_MEAN) {
    parts.push(`one CPU takes ${balance.packetsOverMean.toFixed(1)} × the mean of packets`)
  }
  for (const { cpu, share } of busyThreads) parts.push(`ksoftirqd/${cpu} at ${percent(share)}`)
  return parts.join('; ') + (shares.basis === 'boot' ? ', averaged since boot' : '')
}

function threadedInterfaces(facts: Facts): string[] {
  const { interfaces } = facts.network
  if (!interfaces.known) return []
  return interfaces.value
    .filter(({ threadedNapi }) => threadedNapi.known && threadedNapi.value)
    .map(
      ({ name }) =>
        `/sys/class/net/${name}/threaded: receive work runs in threads napi/${name}-N, no softirq`,
    )
}
