import { describe, expect, it } from 'vitest'
import { nicRfs } from '../../../../src/doctor/checks/nic/rfs.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import {
  CHILD_NAMESPACE,
  hostWith,
  interfacesWith,
  interfaceWith,
  queuesWith,
} from '../../host-builder.ts'

const KEY = 'net.core.rps_sock_flow_entries'

function factsOf(entries: number, flows: number, steered: readonly number[] = []): Facts {
  return factsWith({
    host: hostWith(8),
    network: interfacesWith(interfaceWith({ receiveQueues: queuesWith(2, steered, flows) })),
    sysctls: { [KEY]: entries },
  })
}

describe('nic/rfs', () => {
  it('is ok when off with RPS off, and when both tables are set', () => {
    expect(findingOfCheck(nicRfs, factsOf(0, 0)).status).toBe('ok')
    expect(findingOfCheck(nicRfs, factsOf(32_768, 16_384, [1])).status).toBe('ok')
  })

  it('informs that it is off while RPS is on, without a change', () => {
    const finding = findingOfCheck(nicRfs, factsOf(0, 0, [0, 1]))
    expect(finding).toMatchObject({ status: 'info', settings: [] })
  })

  it('warns when only the global table is set, and gives each queue its share', () => {
    const finding = findingOfCheck(nicRfs, factsOf(65_536, 0))
    expect(finding.status).toBe('warn')
    expect(finding.settings).toMatchObject([
      { path: '/sys/class/net/eth0/queues/rx-0/rps_flow_cnt', value: '32768' },
      { path: '/sys/class/net/eth0/queues/rx-1/rps_flow_cnt', value: '32768' },
    ])
  })

  it('warns when only the queues are set, and sizes the global table by active flows', () => {
    const finding = findingOfCheck(nicRfs, factsOf(0, 4_096), {
      connections: 1_000_000,
      connectsPerSecond: 30_000,
      messagesPerSecond: 100_000,
    })
    expect(finding.status).toBe('warn')
    expect(finding.fix_now).toBe(`sysctl -w ${KEY}=131072`)
    expect(finding.needed).toContain('min(1,000,000, 100,000 + 30,000)')
  })

  it('is unknown in a container that has the card but not the setting', () => {
    const facts = factsWith({
      host: CHILD_NAMESPACE,
      network: interfacesWith(interfaceWith()),
    })
    expect(findingOfCheck(nicRfs, facts).observed).toContain('belongs to the host')
  })
})
