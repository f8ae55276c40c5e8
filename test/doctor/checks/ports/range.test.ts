import { describe, expect, it } from 'vitest'
import { portsRange } from '../../../../src/doctor/checks/ports/range.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function findingWith(range: string, connections: number, others = {}) {
  const facts = factsWith({ sysctls: { 'net.ipv4.ip_local_port_range': range, ...others } })
  return findingOfCheck(portsRange, facts, { role: 'loadgen', connections })
}

describe('ports/range', () => {
  it.each([
    [20_000, 'ok'],
    [25_000, 'warn'],
    [28_233, 'critical'],
  ])('judges %i connections over the default 28,232 ports as %s', (connections, status) => {
    expect(findingWith('32768 60999', connections).status).toBe(status)
  })

  it('widens to an even low end above the privileged ports', () => {
    expect(findingWith('32768 60999', 50_000).fix_now).toBe(
      'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    )
    const odd = findingWith('32768 60999', 50_000, { 'net.ipv4.ip_unprivileged_port_start': 2_001 })
    expect(odd.fix_now).toBe('sysctl -w net.ipv4.ip_local_port_range="2002 65535"')
  })

  it('takes reserved ports off', () => {
    const others = { 'net.ipv4.ip_local_reserved_ports': '32768-40000,50000' }
    expect(findingWith('32768 60999', 20_000, others).observed).toContain('20,998 connections')
  })

  it('proposes addresses instead when the range is as wide as it can be', () => {
    const finding = findingWith('1024 65535', 70_000)
    expect(finding.status).toBe('critical')
    expect(finding.settings).toEqual([])
    expect(finding.fix_now).toContain('source addresses')
  })

  it('leaves a server alone and knows a damaged range', () => {
    const facts = factsWith({ sysctls: { 'net.ipv4.ip_local_port_range': '32768 60999' } })
    expect(findingOfCheck(portsRange, facts, { connections: 1_000_000 }).status).toBe('ok')
    expect(findingWith('60999 32768', 1).status).toBe('unknown')
  })
})
