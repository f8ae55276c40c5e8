import { describe, expect, it } from 'vitest'
import { nicQueues } from '../../../../src/doctor/checks/nic/queues.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { InterfaceFacts } from '../../../../src/doctor/facts-network.ts'
import type { EthtoolLimits } from '../../../../src/doctor/parsers/ethtool.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import {
  CHILD_NAMESPACE,
  hostWith,
  interfacesWith,
  interfaceWith,
  queuesWith,
  softirqPercents,
} from '../../host-builder.ts'

const HUGE = { connections: 1_000_000, connectsPerSecond: 30_000 }

function channels(max: number, now: number): Pick<InterfaceFacts, 'channels'> {
  const limits: EthtoolLimits = { max: { Combined: max }, now: { Combined: now } }
  return { channels: known(limits, 'ethtool -l eth0') }
}

function factsOf(cpus: number, row: Partial<InterfaceFacts>, cores?: number) {
  const physicalCoreCount = cores === undefined ? undefined : known(cores, 'topology')
  const host = hostWith(cpus)
  const nothing = factsWith().host.cpuTopology
  return factsWith({
    host: {
      ...host,
      cpuTopology: { ...nothing, ...(physicalCoreCount ? { physicalCoreCount } : {}) },
    },
    network: interfacesWith(interfaceWith(row)),
  })
}

describe('nic/queues', () => {
  it('is ok when the card has a queue for every CPU', () => {
    const finding = findingOfCheck(nicQueues, factsOf(4, { receiveQueues: queuesWith(4) }), HUGE)
    expect(finding).toMatchObject({ status: 'ok', subject: 'eth0', settings: [] })
  })

  it('warns of one queue for four CPUs where the target brings 100,000 packets/s', () => {
    const finding = findingOfCheck(nicQueues, factsOf(4, channels(8, 1), 2), HUGE)
    expect(finding.status).toBe('warn')
    expect(finding.needed).toContain('3 × 30,000 connects/s')
    expect(finding.fix_now).toBe('ethtool -L eth0 combined 2')
    expect(finding.settings).toMatchObject([{ undo: 'ethtool -L eth0 combined 1' }])
  })

  it(
    'is critical when softirq already fills a CPU, and points to RPS where no queue is ' + 'left',
    () => {
      const { before, after } = softirqPercents([90, 0, 0, 0])
      const facts = factsWith({
        host: hostWith(4),
        network: interfacesWith(interfaceWith(channels(1, 1))),
        before: { cpuTimes: before },
        after: { cpuTimes: after },
      })
      const finding = findingOfCheck(nicQueues, facts, HUGE)
      expect(finding.status).toBe('critical')
      expect(finding.fix_now).toContain('nic/rps')
      expect(finding.settings).toEqual([])
    },
  )

  it('only informs when the card has more queues, or nobody knows', () => {
    const more = findingOfCheck(
      nicQueues,
      factsOf(8, { receiveQueues: queuesWith(2), ...channels(4, 2) }),
    )
    expect(more).toMatchObject({ status: 'info', fix_now: 'ethtool -L eth0 combined 4' })
    const unseen = findingOfCheck(nicQueues, factsOf(2, {}))
    expect(unseen).toMatchObject({ status: 'info', settings: [] })
    expect(unseen.observed).toContain('not known')
  })

  it('is ok with few queues when the card has no more', () => {
    const facts = factsOf(8, { receiveQueues: queuesWith(2), ...channels(2, 2) })
    expect(findingOfCheck(nicQueues, facts).status).toBe('ok')
  })

  it('is unknown in a container, without CPUs, and without queues', () => {
    const container = factsWith({ host: CHILD_NAMESPACE, network: interfacesWith() })
    expect(findingOfCheck(nicQueues, container).observed).toContain('cannot be seen')
    const noCpus = factsWith({ network: interfacesWith(interfaceWith()) })
    expect(findingOfCheck(nicQueues, noCpus).status).toBe('unknown')
    const noQueues = findingOfCheck(nicQueues, factsOf(4, { receiveQueues: [] }))
    expect(noQueues.status).toBe('unknown')
    expect(findingOfCheck(nicQueues, factsWith()).status).toBe('unknown')
  })

  it('is ok on a host with nothing but loopback', () => {
    const facts = factsWith({ host: hostWith(4), network: interfacesWith() })
    expect(findingOfCheck(nicQueues, facts).status).toBe('ok')
  })
})
