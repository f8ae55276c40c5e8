import { describe, expect, it } from 'vitest'
import { nicDrops } from '../../../../src/doctor/checks/nic/drops.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { InterfaceFacts } from '../../../../src/doctor/facts-network.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import {
  CHILD_NAMESPACE,
  counters,
  hostWith,
  interfacesWith,
  interfaceWith,
} from '../../host-builder.ts'

type Table = Readonly<Record<string, number>>

function factsOf(before: Table, after: Table, row: Partial<InterfaceFacts> = {}): Facts {
  const zero = { rx_packets: 0, rx_missed_errors: 0, rx_fifo_errors: 0, rx_dropped: 0 }
  return factsWith({
    host: hostWith(4),
    network: interfacesWith(interfaceWith(row)),
    before: { interfaces: counters({ ...zero, ...before }) },
    after: { interfaces: counters({ ...zero, ...after }) },
  })
}

describe('nic/drops', () => {
  it('is ok when nothing was missed', () => {
    const finding = findingOfCheck(nicDrops, factsOf({}, { rx_packets: 1_000 }))
    expect(finding).toMatchObject({ status: 'ok', observed: 'none' })
  })

  it('warns of missed packets and proposes the largest ring', () => {
    const rings = known({ max: { RX: 4_096 }, now: { RX: 256 } }, 'ethtool -g eth0')
    const after = { rx_packets: 1_000_000, rx_missed_errors: 10 }
    const finding = findingOfCheck(nicDrops, factsOf({}, after, { rings }))
    expect(finding.status).toBe('warn')
    expect(finding.settings).toMatchObject([
      { command: 'ethtool -G eth0 rx 4096', undo: 'ethtool -G eth0 rx 256' },
    ])
  })

  it('is critical from one missed packet in 10,000 on', () => {
    const atLimit = { rx_packets: 999_900, rx_missed_errors: 100 }
    expect(findingOfCheck(nicDrops, factsOf({}, atLimit)).status).toBe('critical')
    const below = { rx_packets: 1_000_000, rx_missed_errors: 99 }
    expect(findingOfCheck(nicDrops, factsOf({}, below)).status).toBe('warn')
  })

  it('does not count a packet twice that is in two counters', () => {
    const both = { rx_packets: 1_000_000, rx_missed_errors: 60, rx_fifo_errors: 60 }
    const finding = findingOfCheck(nicDrops, factsOf({}, both))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('60 packets')
  })

  it('only informs of old losses and of drops by the stack', () => {
    const old = { rx_missed_errors: 7 }
    expect(findingOfCheck(nicDrops, factsOf(old, old)).status).toBe('info')
    const stack = findingOfCheck(nicDrops, factsOf({}, { rx_dropped: 3 }))
    expect(stack).toMatchObject({ status: 'info', settings: [] })
    expect(stack.observed).toContain('rx_dropped +3')
  })

  it('is critical when the cloud dropped packets, and says that no setting helps', () => {
    const facts = factsWith({
      host: hostWith(4),
      network: interfacesWith(interfaceWith({ driver: known('ena', 'driver') })),
      before: { interfaces: counters({ rx_missed_errors: 0 }, { pps_allowance_exceeded: 5 }) },
      after: { interfaces: counters({ rx_missed_errors: 0 }, { pps_allowance_exceeded: 6 }) },
    })
    const finding = findingOfCheck(nicDrops, facts)
    expect(finding.status).toBe('critical')
    expect(finding.observed).toContain('pps_allowance_exceeded')
    expect(finding.fix_now).toContain('not of the kernel')
  })

  it('is unknown on that cloud without ethtool', () => {
    const finding = findingOfCheck(nicDrops, factsOf({}, {}, { driver: known('ena', 'driver') }))
    expect(finding.status).toBe('unknown')
  })

  it('is unknown when counters are missing or went backwards', () => {
    const facts = factsWith({ host: hostWith(4), network: interfacesWith(interfaceWith()) })
    expect(findingOfCheck(nicDrops, facts).status).toBe('unknown')
    const reset = factsOf({ rx_missed_errors: 9 }, { rx_missed_errors: 1 })
    expect(findingOfCheck(nicDrops, reset).observed).toContain('went backwards')
  })

  it('judges the virtual end that a container has', () => {
    const facts = factsWith({
      host: CHILD_NAMESPACE,
      network: interfacesWith(interfaceWith({ kind: 'virtual' })),
      sample: { interfaces: counters({ rx_missed_errors: 0 }) },
    })
    expect(findingOfCheck(nicDrops, facts)).toMatchObject({ subject: 'eth0', status: 'ok' })
  })
})
