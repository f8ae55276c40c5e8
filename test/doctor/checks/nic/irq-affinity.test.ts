import { describe, expect, it } from 'vitest'
import { nicIrqAffinity } from '../../../../src/doctor/checks/nic/irq-affinity.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts, HostFacts } from '../../../../src/doctor/facts.ts'
import type { InterfaceFacts } from '../../../../src/doctor/facts-network.ts'
import { factsWith, findingOfCheck, findingsOf } from '../../facts-builder.ts'
import {
  effectiveCpus,
  hostWith,
  interfacesWith,
  interfaceWith,
  interruptsWith,
  softirqPercents,
} from '../../host-builder.ts'

interface Case {
  readonly cpuOfQueue: readonly number[]
  /** Interrupts of each queue in the window. */
  readonly moved?: readonly number[]
  readonly softirq?: readonly number[]
  readonly row?: Partial<InterfaceFacts>
  readonly host?: Partial<HostFacts>
  readonly single?: boolean
}

function factsOf({
  cpuOfQueue,
  moved = [],
  softirq = [0, 0, 0, 0],
  row,
  host,
  single,
}: Case): Facts {
  const irqs = cpuOfQueue.map((_, queue) => 60 + queue)
  const counts = (scale: 0 | 1): (readonly [number, string, ...number[]])[] =>
    cpuOfQueue.map((cpu, queue) => {
      const byCpu = [0, 0, 0, 0]
      byCpu[cpu] = scale * (moved[queue] ?? 0)
      return [60 + queue, `eth0-TxRx-${queue}`, ...byCpu]
    })
  const times = softirqPercents(softirq)
  return factsWith({
    host: hostWith(4, host),
    network: {
      ...interfacesWith(interfaceWith({ irqNumbers: known(irqs, 'msi_irqs'), ...row })),
      irqs: effectiveCpus(Object.fromEntries(cpuOfQueue.map((cpu, queue) => [60 + queue, cpu]))),
    },
    before: { cpuTimes: times.before, interrupts: interruptsWith(counts(0)) },
    after: { cpuTimes: times.after, interrupts: interruptsWith(counts(1)) },
    rest: single ? { sampling: 'single', windowMs: 0 } : {},
  })
}

describe('nic/irq-affinity', () => {
  it('is ok when each queue has a CPU of its own', () => {
    const finding = findingOfCheck(nicIrqAffinity, factsOf({ cpuOfQueue: [0, 1, 2, 3] }))
    expect(finding).toMatchObject({ status: 'ok', settings: [] })
  })

  it('is ok with one queue: there is nothing to spread', () => {
    expect(findingOfCheck(nicIrqAffinity, factsOf({ cpuOfQueue: [1] })).status).toBe('ok')
  })

  it('warns when all queues interrupt one CPU, and is critical once that CPU is half full', () => {
    const quiet = findingOfCheck(nicIrqAffinity, factsOf({ cpuOfQueue: [0, 0] }))
    expect(quiet.status).toBe('warn')
    expect(quiet.settings).toMatchObject([
      { path: '/proc/irq/60/smp_affinity_list', value: '0' },
      { path: '/proc/irq/61/smp_affinity_list', value: '1' },
    ])
    const full = factsOf({ cpuOfQueue: [0, 0], softirq: [50, 0, 0, 0] })
    expect(findingOfCheck(nicIrqAffinity, full).status).toBe('critical')
    const justBelow = factsOf({ cpuOfQueue: [0, 0], softirq: [49, 0, 0, 0] })
    expect(findingOfCheck(nicIrqAffinity, justBelow).status).toBe('warn')
  })

  it('warns of two cards of one queue each on one CPU, and gives each its own', () => {
    const twoCards = (cpuOfSecond: number) =>
      factsWith({
        host: hostWith(4),
        network: {
          ...interfacesWith(
            interfaceWith({ irqNumbers: known([60], 'msi_irqs') }),
            interfaceWith({ name: 'eth1', irqNumbers: known([61], 'msi_irqs') }),
          ),
          irqs: effectiveCpus({ 60: 0, 61: cpuOfSecond }),
        },
        sample: {
          interrupts: interruptsWith([
            [60, 'virtio2-input.0', 5],
            [61, 'virtio3-input.0', 5],
          ]),
        },
      })
    const findings = findingsOf(nicIrqAffinity, twoCards(0))
    expect(findings.map(({ subject, status }) => [subject, status])).toEqual([
      ['eth0', 'warn'],
      ['eth1', 'warn'],
    ])
    expect(findings.map(({ fix_now }) => fix_now)).toEqual([
      'echo 0 > /proc/irq/60/smp_affinity_list',
      'echo 1 > /proc/irq/61/smp_affinity_list',
    ])
    expect(findings[0]?.observed).toContain('as eth1 does')
    const apart = findingsOf(nicIrqAffinity, twoCards(1))
    expect(apart.map(({ status }) => status)).toEqual(['ok', 'ok'])
  })

  it('is never critical from one sample, which may be old', () => {
    const facts = factsOf({ cpuOfQueue: [0, 0], softirq: [90, 0, 0, 0], single: true })
    expect(findingOfCheck(nicIrqAffinity, facts).status).toBe('warn')
  })

  it('warns when one CPU takes 70 % of many interrupts, but not of a few', () => {
    const skewed = factsOf({ cpuOfQueue: [0, 1, 2, 3], moved: [7_000, 1_000, 1_000, 1_000] })
    expect(findingOfCheck(nicIrqAffinity, skewed).status).toBe('warn')
    const few = factsOf({ cpuOfQueue: [0, 1, 2, 3], moved: [70, 10, 10, 10] })
    expect(findingOfCheck(nicIrqAffinity, few).status).toBe('ok')
    const even = factsOf({ cpuOfQueue: [0, 1, 2, 3], moved: [6_900, 1_100, 1_000, 1_000] })
    expect(findingOfCheck(nicIrqAffinity, even).status).toBe('ok')
  })

  it('warns of interrupts on another NUMA node and spreads them over that of the card', () => {
    const facts = factsOf({
      cpuOfQueue: [0, 2],
      row: { numaNode: known(1, 'numa_node') },
      host: {
        numaNodes: known([0, 1], 'nodes'),
        cpusByNode: known({ 0: [0, 1], 1: [2, 3] }, 'nodes'),
      },
    })
    const finding = findingOfCheck(nicIrqAffinity, facts)
    expect(finding.status).toBe('warn')
    expect(finding.settings).toMatchObject([{ value: '2' }, { value: '3' }])
  })

  it('informs that irqbalance moves interrupts where the packet rate is high', () => {
    const facts = factsOf({ cpuOfQueue: [0, 1], host: { daemons: known(['irqbalance'], 'comm') } })
    expect(findingOfCheck(nicIrqAffinity, facts).status).toBe('ok')
    const busy = findingOfCheck(nicIrqAffinity, facts, { connectsPerSecond: 50_000 })
    expect(busy).toMatchObject({ status: 'info', settings: [] })
  })

  it('is unknown without interrupts, and where nobody knows where they fire', () => {
    const row = interfaceWith({ irqNumbers: known([60, 61], 'msi_irqs') })
    const blind = factsWith({ host: hostWith(4), network: interfacesWith(row) })
    expect(findingOfCheck(nicIrqAffinity, blind).status).toBe('unknown')
    const interrupts = interruptsWith([
      [60, 'eth0-TxRx-0', 5, 5],
      [61, 'eth0-TxRx-1', 5, 5],
    ])
    const silent = factsWith({
      host: hostWith(4),
      network: interfacesWith(row),
      sample: { interrupts },
    })
    expect(findingOfCheck(nicIrqAffinity, silent).observed).toContain('none came in the window')
  })
})
