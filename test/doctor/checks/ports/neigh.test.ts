import { describe, expect, it } from 'vitest'
import { portsNeigh } from '../../../../src/doctor/checks/ports/neigh.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function findingWith(neighbours: number, fulls: readonly [number, number]) {
  const stat = (value: number) => known({ table_fulls: value }, '/proc/net/stat/arp_cache')
  const facts = factsWith({
    sysctls: { 'net.ipv4.neigh.default.gc_thresh3': 1_024 },
    network: { neighbourCount: known(neighbours, '/proc/net/stat/arp_cache') },
    before: { arpCacheStat: stat(fulls[0]) },
    after: { arpCacheStat: stat(fulls[1]) },
  })
  return findingOfCheck(portsNeigh, facts)
}

describe('ports/neigh', () => {
  it('warns at four fifths and is critical when an entry was refused now', () => {
    expect(findingWith(10, [0, 0]).status).toBe('ok')
    expect(findingWith(820, [0, 0]).status).toBe('warn')
    expect(findingWith(10, [1, 3]).status).toBe('critical')
    expect(findingWith(10, [3, 3]).status).toBe('info')
  })

  it('counts across a wrap of the 32-bit counter', () => {
    const finding = findingWith(10, [4_294_967_290, 4])
    expect(finding.status).toBe('critical')
    expect(finding.evidence.join()).toContain('table_fulls +10')
  })

  it('raises all three thresholds together', () => {
    expect(findingWith(2_000, [0, 0]).settings).toMatchObject([
      { value: '2000' },
      { value: '4000' },
      { value: '8000' },
    ])
  })

  it('needs the host when it looks from a container', () => {
    const facts = factsWith({
      host: {
        namespaces: {
          network: known('child', '/proc'),
          networkInode: known('net:[1]', '/proc'),
          pid: known('child', '/proc'),
        },
      },
    })
    const finding = findingOfCheck(portsNeigh, facts)
    expect(finding.status).toBe('unknown')
    expect(finding.observed).toContain('belongs to the host')
  })
})
