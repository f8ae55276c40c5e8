/**
 * Whether the receive interrupts of a card fire on different CPUs. The mask that is set is not
 * where they fire: the kernel picks one CPU of it, and that effective CPU is what is judged.
 */
import { counted, grouped, percent } from '../../counter-moves.ts'
import { cpuShares } from '../../cpu-shares.ts'
import type { Facts } from '../../facts.ts'
import type { InterfaceFacts } from '../../facts-network.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { deviceInterfaces, perInterface } from '../../judged-interfaces.ts'
import { packetDemand } from '../../packet-demand.ts'
import { type ReceiveIrq, receiveIrqs } from '../../receive-irqs.ts'
import type { Setting } from '../../setting.ts'
import { SOFTIRQ_SHARE_HIGH } from '../../softirq-balance.ts'
import { cappedByBasis, isAlarm, worstOf } from '../../status-order.ts'
import type { Target } from '../../target.ts'

const ONE_CPU_SHARE = 0.7
/** Shares of fewer interrupts mean nothing. */
const INTERRUPTS_MIN = 1_000
const IRQS_FOR_SHARE = 4
/** From here on a moving interrupt costs cache misses that show. */
const STATIC_WANTED_PACKETS = 100_000
const IRQS_SHOWN = 8

export const nicIrqAffinity: Check = {
  id: 'nic/irq-affinity',
  title: 'CPUs that take the interrupts of the network card',
  family: 'nic',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'Documentation/core-api/irq/irq-affinity.rst, Documentation/networking/scaling.rst',
  why:
    'Protocol work runs on the CPU where the interrupt fires. Several queues whose interrupts ' +
    'all fire on one CPU are no better than one queue: that CPU is full while the others idle.',
  explain: `/proc/irq/N/smp_affinity_list says where an interrupt may fire, effective_affinity_list
where it does. Masks that look generous (all CPUs) can have the same effective CPU for every queue;
Meizu found all interrupts of several cards on one CPU at a million connections.

Spread them: queue i to the i-th core of the card's own NUMA node, and stop irqbalance or ban these
interrupts in it, because it moves them again. A write that answers EIO is a managed interrupt
(NVMe, newer drivers): the kernel has spread it, leave it.

Where the card has one queue there is nothing to spread; see nic/rps.

Do not put network interrupts on isolated CPUs or on the cores the event loops are pinned to.`,
  evaluate: (facts, target) =>
    perInterface(nicIrqAffinity, deviceInterfaces(facts), (row) => judge(facts, target, row)),
}

interface Placement {
  readonly status: Status
  readonly observed: string
}

function judge(facts: Facts, target: Target, row: InterfaceFacts): Finding {
  const irqs = receiveIrqs(facts, row)
  if (!irqs.known) return unknownFinding(nicIrqAffinity, irqs, row.name)
  const evidence = irqs.value.slice(0, IRQS_SHOWN).map(irqText)
  if (irqs.value.length < 2) {
    const shared = sharedCpu(facts, row, irqs.value)
    return findingOf(nicIrqAffinity, {
      subject: row.name,
      status: shared?.status ?? 'ok',
      observed: shared?.observed ?? 'one receive interrupt: nothing to spread (see nic/queues)',
      needed: 'a CPU for each card',
      evidence,
      settings: shared === null ? [] : spread(facts, row, irqs.value),
    })
  }
  if (irqs.value.some(({ firesOn }) => firesOn === null)) {
    const source = '/proc/irq/N/effective_affinity_list'
    const missing = {
      known: false,
      reason: 'where the interrupts fire is neither told nor seen: none came in the window',
      source,
    } as const
    return unknownFinding(nicIrqAffinity, missing, row.name)
  }
  const placements = [
    sameCpu(facts, irqs.value),
    uneven(irqs.value),
    otherNode(facts, row, irqs.value),
    moving(facts, target),
  ].flatMap((placement) => (placement === null ? [] : [placement]))
  const status = worstOf(...placements.map((placement) => placement.status))
  return findingOf(nicIrqAffinity, {
    subject: row.name,
    status,
    observed:
      placements.length > 0
        ? placements.map(({ observed }) => observed).join('; ')
        : `${counted(irqs.value.length, 'receive interrupt')} on ` +
          counted(cpusOf(irqs.value).length, 'CPU'),
    needed: 'each queue on a core of its own, on the NUMA node of the card',
    evidence,
    settings: isAlarm(status) ? spread(facts, row, irqs.value) : [],
  })
}

function irqText({ irq, name, firesOn, moved }: ReceiveIrq): string {
  const where = firesOn === null ? 'not known' : firesOn.join(',')
  return `/proc/irq/${irq} (${name}): fires on CPU ${where}, +${grouped(moved)}`
}

function cpusOf(irqs: readonly ReceiveIrq[]): number[] {
  return [...new Set(irqs.flatMap(({ firesOn }) => firesOn ?? []))].sort((a, b) => a - b)
}

/** Cards of one queue each, all on one CPU: the case that Meizu met at a million connections. */
function sharedCpu(
  facts: Facts,
  row: InterfaceFacts,
  irqs: readonly ReceiveIrq[],
): Placement | null {
  const interfaces = deviceInterfaces(facts)
  const [cpu] = cpusOf(irqs)
  if (!interfaces.known || cpu === undefined || cpusOf(irqs).length > 1) return null
  const { onlineCpus } = facts.host
  if (onlineCpus.known && onlineCpus.value.length < 2) return null
  const others = interfaces.value.filter((other) => {
    const theirs = receiveIrqs(facts, other)
    const cpus = theirs.known ? cpusOf(theirs.value) : []
    return other.name !== row.name && cpus.length === 1 && cpus[0] === cpu
  })
  if (others.length === 0) return null
  const names = others.map(({ name }) => name).join(', ')
  return {
    status: statusOfOneCpu(facts, cpu),
    observed: `interrupts CPU ${cpu} (${percent(softirqOf(facts, cpu))} softirq), as ${names} does`,
  }
}

function softirqOf(facts: Facts, cpu: number): number {
  const shares = cpuShares(facts)
  const row = shares.known ? shares.value.rows.find((candidate) => candidate.cpu === cpu) : null
  return row?.softirq ?? 0
}

function statusOfOneCpu(facts: Facts, cpu: number): Status {
  const status = softirqOf(facts, cpu) >= SOFTIRQ_SHARE_HIGH ? 'critical' : 'warn'
  return cappedByBasis(status, facts.sampling === 'single' ? 'boot' : 'window')
}

function sameCpu(facts: Facts, irqs: readonly ReceiveIrq[]): Placement | null {
  const [cpu, ...others] = cpusOf(irqs)
  const cpus = facts.host.onlineCpus
  if (cpu === undefined || others.length > 0 || (cpus.known && cpus.value.length < 2)) return null
  return {
    status: statusOfOneCpu(facts, cpu),
    observed:
      (irqs.length === 1
        ? `the only receive interrupt fires on CPU ${cpu}, `
        : `all ${irqs.length} receive interrupts fire on CPU ${cpu}, `) +
      `${percent(softirqOf(facts, cpu))} in softirq`,
  }
}

function uneven(irqs: readonly ReceiveIrq[]): Placement | null {
  const moved = irqs.reduce((sum, irq) => sum + irq.moved, 0)
  if (irqs.length < IRQS_FOR_SHARE || moved < INTERRUPTS_MIN || cpusOf(irqs).length < 2) return null
  const byCpu = new Map<number, number>()
  for (const { movedByCpu } of irqs) {
    for (const [cpu, count] of Object.entries(movedByCpu)) {
      byCpu.set(Number(cpu), (byCpu.get(Number(cpu)) ?? 0) + count)
    }
  }
  const [cpu = 0, most = 0] = [...byCpu].sort((a, b) => b[1] - a[1])[0] ?? []
  if (most / moved < ONE_CPU_SHARE) return null
  return { status: 'warn', observed: `CPU ${cpu} takes ${percent(most / moved)} of the interrupts` }
}

function otherNode(
  facts: Facts,
  row: InterfaceFacts,
  irqs: readonly ReceiveIrq[],
): Placement | null {
  const { cpusByNode, numaNodes } = facts.host
  if (!numaNodes.known || numaNodes.value.length < 2 || !row.numaNode.known) return null
  const local = cpusByNode.known ? cpusByNode.value[row.numaNode.value] : undefined
  if (local === undefined) return null
  const remote = cpusOf(irqs).filter((cpu) => !local.includes(cpu))
  if (remote.length === 0) return null
  return {
    status: 'warn',
    observed: `CPU ${remote.join(',')} is not on NUMA node ${row.numaNode.value} of the card`,
  }
}

function moving(facts: Facts, target: Target): Placement | null {
  const { daemons } = facts.host
  if (!daemons.known || !daemons.value.includes('irqbalance')) return null
  if (packetDemand(target).packetsPerSecond < STATIC_WANTED_PACKETS) return null
  return { status: 'info', observed: 'irqbalance runs and moves interrupts at a high packet rate' }
}

function spread(facts: Facts, row: InterfaceFacts, irqs: readonly ReceiveIrq[]): Setting[] {
  const cpus = coresFor(facts, row)
  if (cpus.length === 0) return []
  const first = queuesBefore(facts, row)
  const settings: Setting[] = irqs.map(({ irq }, index) => ({
    kind: 'sysfs',
    path: `/proc/irq/${irq}/smp_affinity_list`,
    value: String(cpus[(first + index) % cpus.length]),
    reason: `queue ${index} of ${row.name} on a CPU of its own`,
  }))
  const { daemons } = facts.host
  if (daemons.known && daemons.value.includes('irqbalance')) {
    settings.unshift({
      kind: 'command',
      command: 'systemctl stop irqbalance',
      undo: 'systemctl start irqbalance',
      reason: 'it would move the interrupts again',
    })
  }
  return settings
}

/** Cards begin where the one before them ended, so that their first queues do not meet. */
function queuesBefore(facts: Facts, row: InterfaceFacts): number {
  const interfaces = deviceInterfaces(facts)
  if (!interfaces.known) return 0
  const at = interfaces.value.findIndex(({ name }) => name === row.name)
  const earlier = interfaces.value.slice(0, Math.max(0, at))
  return earlier.reduce((sum, { receiveQueues }) => sum + receiveQueues.length, 0)
}

/** CPUs of the card's node that are not kept free. */
function coresFor(facts: Facts, row: InterfaceFacts): readonly number[] {
  const { onlineCpus, cpusByNode, cpuTopology } = facts.host
  if (!onlineCpus.known) return []
  const local =
    row.numaNode.known && cpusByNode.known ? cpusByNode.value[row.numaNode.value] : undefined
  const isolated = cpuTopology.isolatedCpus.known ? cpuTopology.isolatedCpus.value : []
  return (local ?? onlineCpus.value).filter(
    (cpu) => onlineCpus.value.includes(cpu) && !isolated.includes(cpu),
  )
}
