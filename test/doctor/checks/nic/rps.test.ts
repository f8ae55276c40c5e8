import { describe, expect, it } from 'vitest'
import { nicRps } from '../../../../src/doctor/checks/nic/rps.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import {
  effectiveCpus,
  hostWith,
  interfacesWith,
  interfaceWith,
  interruptsWith,
  queuesWith,
  softirqPercents,
} from '../../host-builder.ts'

function factsOf(queues: number, steered: readonly number[], softirq?: readonly number[]): Facts {
  const times = softirq === undefined ? null : softirqPercents(softirq)
  const interrupts = interruptsWith([[38, 'virtio2-input.0', 0, 0, 0, 0, 0, 1_000, 0, 0]])
  return factsWith({
    host: hostWith(8),
    network: {
      ...interfacesWith(
        interfaceWith({
          receiveQueues: queuesWith(queues, steered),
          irqNumbers: known([38], 'msi_irqs'),
        }),
      ),
      irqs: effectiveCpus({ 38: 5 }),
    },
    sample: { interrupts },
    before: times === null ? {} : { cpuTimes: times.before },
    after: times === null ? {} : { cpuTimes: times.after },
  })
}

const TWO_OF_EIGHT = [0, 0, 0, 0, 0, 58, 0, 58]

describe('nic/rps', () => {
  it(
    'warns of one queue, RPS off and two of eight CPUs at 58 %, and spreads over the ' + 'others',
    () => {
      const finding = findingOfCheck(nicRps, factsOf(1, [], TWO_OF_EIGHT))
      expect(finding.status).toBe('warn')
      // CPUs 0 to 7 without CPU 5, which takes the interrupt.
      expect(finding.fix_now).toBe('echo df > /sys/class/net/eth0/queues/rx-0/rps_cpus')
    },
  )

  it('is ok when it is on, or when no CPU is overloaded', () => {
    expect(findingOfCheck(nicRps, factsOf(1, [0, 1], TWO_OF_EIGHT)).status).toBe('ok')
    expect(findingOfCheck(nicRps, factsOf(1, [], [5, 5, 5, 5, 5, 5, 5, 5])).status).toBe('ok')
  })

  it('is ok when off beside a queue for every fourth CPU or more', () => {
    expect(findingOfCheck(nicRps, factsOf(2, [], TWO_OF_EIGHT)).status).toBe('ok')
  })

  it('informs that it is on beside a queue for every CPU', () => {
    const finding = findingOfCheck(nicRps, factsOf(8, [1], TWO_OF_EIGHT))
    expect(finding).toMatchObject({ status: 'info', settings: [] })
    expect(findingOfCheck(nicRps, factsOf(8, [])).status).toBe('ok')
  })

  it('is unknown when masks or the load of CPUs cannot be read', () => {
    expect(findingOfCheck(nicRps, factsOf(1, [])).status).toBe('unknown')
    const [queue] = queuesWith(1)
    const rpsCpus = { known: false, reason: 'not supported by this device', source: 'rps' } as const
    const row = interfaceWith({ receiveQueues: [{ ...queue!, rpsCpus }] })
    const facts = factsWith({ host: hostWith(8), network: interfacesWith(row) })
    expect(findingOfCheck(nicRps, facts).observed).toContain('not supported')
  })
})
