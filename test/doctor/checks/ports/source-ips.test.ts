import { describe, expect, it } from 'vitest'
import { portsSourceIps } from '../../../../src/doctor/checks/ports/source-ips.ts'
import type { Target } from '../../../../src/doctor/target.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function findingWith(range: string, target: Partial<Target>) {
  const facts = factsWith({ sysctls: { 'net.ipv4.ip_local_port_range': range } })
  return findingOfCheck(portsSourceIps, facts, { role: 'loadgen', ...target })
}

describe('ports/source-ips', () => {
  it('asks 18 addresses for a million connections to one destination, 40 with the default range', () => {
    const million = { connections: 1_000_000 }
    expect(findingWith('1024 65535', million)).toMatchObject({ status: 'critical' })
    expect(findingWith('1024 65535', million).needed).toMatch(/^18 source addresses/)
    expect(findingWith('32768 60999', million).needed).toMatch(/^40 source addresses .*or 18 with/)
    expect(findingWith('1024 65535', { ...million, sourceAddresses: 18 }).status).toBe('ok')
    expect(findingWith('1024 65535', { ...million, sourceAddresses: 16 }).status).toBe('warn')
  })

  it('lets destinations count only when a bound address does not take the port from all', () => {
    const target = { connections: 100_000, destinations: 2 }
    expect(findingWith('1024 65535', target).status).toBe('ok')
    expect(findingWith('1024 65535', { ...target, bindMode: 'address' }).status).toBe('critical')
    expect(findingWith('1024 65535', { ...target, bindMode: 'address-and-port' }).status).toBe('ok')
  })
})
