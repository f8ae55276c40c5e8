import { describe, expect, it } from 'vitest'
import { portsBindNoPort } from '../../../../src/doctor/checks/ports/bind-no-port.ts'
import { portsReserved } from '../../../../src/doctor/checks/ports/reserved.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { listenersFact, listenerWith } from '../../socket-rows.ts'

function factsWithReserved(reserved: string, ...ports: number[]) {
  return factsWith({
    sysctls: {
      'net.ipv4.ip_local_port_range': '1024 65535',
      'net.ipv4.ip_local_reserved_ports': reserved,
    },
    sample: listenersFact(...ports.map((port) => listenerWith({ port }))),
  })
}

describe('ports/reserved', () => {
  it('warns a generator and tells a server of services inside the range', () => {
    const facts = factsWithReserved('9000-9100', 22, 8080, 9050)
    expect(findingOfCheck(portsReserved, facts, { role: 'loadgen' })).toMatchObject({
      status: 'warn',
      observed: 'port 8080',
      fix_now: 'sysctl -w net.ipv4.ip_local_reserved_ports=9000-9100,8080',
    })
    expect(findingOfCheck(portsReserved, facts).status).toBe('info')
  })

  it('is ok when all are reserved or outside', () => {
    expect(findingOfCheck(portsReserved, factsWithReserved('8080', 22, 8080)).status).toBe('ok')
  })
})

describe('ports/reserved on loopback', () => {
  it('leaves out what the kernel most likely chose, unless it is named', () => {
    const facts = factsWith({
      sysctls: { 'net.ipv4.ip_local_port_range': '1024 65535' },
      sample: listenersFact(
        listenerWith({ port: 40_473, address: '127.0.0.1' }),
        listenerWith({ port: 6_379, address: '127.0.0.1' }),
      ),
    })
    expect(findingOfCheck(portsReserved, facts).observed).toBe('port 6379')
    const named = findingOfCheck(portsReserved, facts, { ports: [40_473] })
    expect(named.observed).toBe('port 6379, 40473')
  })
})

describe('ports/bind-no-port', () => {
  it('tells a generator that binds addresses without ports what it costs', () => {
    const finding = findingOfCheck(portsBindNoPort, factsWith(), {
      role: 'loadgen',
      bindMode: 'address',
    })
    expect(finding.status).toBe('info')
    expect(finding.needed).toContain('IP_BIND_ADDRESS_NO_PORT')
  })
})
