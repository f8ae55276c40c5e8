/**
 * Receive packet steering: the remedy for one queue and many CPUs, and a waste where the card
 * spreads by itself.
 */
import { counted, percent } from '../../counter-moves.ts'
import { known } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { InterfaceFacts } from '../../facts-network.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { deviceInterfaces, perInterface } from '../../judged-interfaces.ts'
import { formatCpuMask } from '../../parsers/cpu-set.ts'
import { receiveIrqs } from '../../receive-irqs.ts'
import type { SysfsSetting } from '../../setting.ts'
import { softirqBalance } from '../../softirq-balance.ts'
import { softnetTotal } from '../../softnet-moves.ts'
import { isAlarm } from '../../status-order.ts'
import type { Target } from '../../target.ts'

/** Fewer queues than a quarter of the CPUs leave most CPUs without receive work. */
const FEW_QUEUES_SHARE = 0.25

export const nicRps: Check = {
  id: 'nic/rps',
  title: 'Receive packet steering (RPS)',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'Documentation/networking/scaling.rst (RPS), net/core/dev.c get_rps_cpu',
  why:
    'RPS hands packets from the CPU that took the interrupt to others, which then do the ' +
    'protocol work. It helps where the card has few queues and one CPU is full of softirq; on ' +
    'top of enough queues it only costs.',
  explain: `The CPU of the interrupt takes packets off the card, hashes addresses and ports, and
puts each packet into the backlog queue of another CPU named in queues/rx-N/rps_cpus, waking it by
an inter-processor interrupt. Taobao's balancer had one queue: two of eight CPUs stood at 58 %
softirq; with RPS all eight were at 11 to 14 %.

Mask: the CPUs of the card's NUMA node, without the one that takes the interrupt when rates are
high, without isolated CPUs. Each of these CPUs gets a backlog queue, so net.core.netdev_max_backlog
now matters (nic/backlog).

Do not switch RPS on where the card has a queue for every CPU: the packets would be moved twice. It
is lost at reboot: a boot script or net.core.rps_default_mask (6.6 and later, for new devices) keeps
it.`,
  evaluate: (facts, target) =>
    perInterface(nicRps, deviceInterfaces(facts), (row) => judge(facts, target, row)),
}

function judge(facts: Facts, target: Target, row: InterfaceFacts): Finding {
  const { onlineCpus } = facts.host
  if (!onlineCpus.known) return unknownFinding(nicRps, onlineCpus, row.name)
  const steered = steeredCpus(row)
  if (!steered.known) return unknownFinding(nicRps, steered, row.name)
  const cpus = onlineCpus.value.length
  const queues = row.receiveQueues.length
  const evidence = [
    ...row.receiveQueues.map(({ name, rpsCpus }) =>
      rpsCpus.known
        ? `${rpsCpus.source}: ${rpsCpus.value.join(',') || 'none'}`
        : `${name}: unknown`,
    ),
  ].slice(0, 8)
  const received = softnetTotal(facts, 'receivedRps')
  if (received.known) evidence.push(`${received.source}: received_rps +${received.value.delta}`)
  const isOn = steered.value.length > 0
  const few = queues === 1 || queues < FEW_QUEUES_SHARE * cpus
  const give = (status: Status, observed: string): Finding =>
    findingOf(nicRps, {
      subject: row.name,
      status,
      observed,
      needed: few
        ? `steering to other CPUs while one is overloaded (queues: ${queues}, CPUs: ${cpus})`
        : `none: ${counted(queues, 'queue')} for ${counted(cpus, 'CPU')}`,
      evidence,
      settings: isAlarm(status) ? masks(facts, row) : [],
    })
  if (queues >= cpus) {
    return isOn
      ? give(
          'info',
          `on, though the card has ${counted(queues, 'queue')} for ${counted(cpus, 'CPU')}`,
        )
      : give('ok', 'off, and the card has a queue for every CPU')
  }
  if (!few || isOn) {
    return give('ok', isOn ? `on, to CPUs ${steered.value.join(',')}` : 'off')
  }
  const balance = softirqBalance(facts, target)
  if (!balance.known) return unknownFinding(nicRps, balance, row.name)
  const { status, hottestCpu, hottestShare } = balance.value
  return isAlarm(status)
    ? give('warn', `off, while CPU ${hottestCpu} is at ${percent(hottestShare)} softirq`)
    : give('ok', 'off, and no CPU is overloaded by packets')
}

/** CPUs that any queue of the interface steers to. Unknown where no queue tells. */
function steeredCpus(row: InterfaceFacts): InterfaceFacts['receiveQueues'][number]['rpsCpus'] {
  const source = `/sys/class/net/${row.name}/queues/rx-*/rps_cpus`
  const cpus = new Set<number>()
  for (const { rpsCpus } of row.receiveQueues) {
    if (!rpsCpus.known) return rpsCpus
    for (const cpu of rpsCpus.value) cpus.add(cpu)
  }
  return row.receiveQueues.length > 0
    ? known(
        [...cpus].sort((a, b) => a - b),
        source,
      )
    : { known: false, reason: 'names no receive queue', source }
}

function masks(facts: Facts, row: InterfaceFacts): SysfsSetting[] {
  const { onlineCpus, cpusByNode, cpuTopology } = facts.host
  if (!onlineCpus.known) return []
  const local =
    row.numaNode.known && cpusByNode.known ? cpusByNode.value[row.numaNode.value] : undefined
  const isolated = cpuTopology.isolatedCpus.known ? cpuTopology.isolatedCpus.value : []
  const candidates = (local ?? onlineCpus.value).filter((cpu) => !isolated.includes(cpu))
  const irqs = receiveIrqs(facts, row)
  const interrupted = irqs.known ? irqs.value.flatMap(({ firesOn }) => firesOn ?? []) : []
  const free = candidates.filter((cpu) => !interrupted.includes(cpu))
  const chosen = free.length > 0 ? free : candidates
  if (chosen.length === 0) return []
  return row.receiveQueues.map(({ name }) => ({
    kind: 'sysfs',
    path: `/sys/class/net/${row.name}/queues/${name}/rps_cpus`,
    value: formatCpuMask(chosen),
    reason: `spreads receive work of ${row.name} over CPUs ${chosen.join(',')}`,
  }))
}
