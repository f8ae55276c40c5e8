import { describe, expect, it } from 'vitest'
import { tcpDeadPeers } from '../../../../src/doctor/checks/tcp/dead-peers.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import { parseSsSockets } from '../../../../src/doctor/parsers/ss-sockets.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const KEEPALIVE = 'timer:(keepalive,119min,0)'
const RETRANSMIT = 'timer:(on,204ms,0)'
const IDLE = ''

const withTimers = (timers: readonly string[], retries = 15) => {
  const text = timers
    .map((timer, index) => `0 0 10.0.0.1:8080 10.0.1.1:${40_000 + index} ${timer}`)
    .join('\n')
  return factsWith({
    sysctls: { 'net.ipv4.tcp_retries2': retries, 'net.ipv4.tcp_keepalive_time': 7_200 },
    rest: {
      sockets: {
        timeWait: unknown('not part of this test', 'ss'),
        establishedSample: known(parseSsSockets(text, 'ESTAB').rows, 'ss -Htnoim'),
      },
    },
  })
}

describe('tcp/dead-peers', () => {
  it('is ok with a declared heartbeat, whatever the sockets do', () => {
    const finding = findingOfCheck(tcpDeadPeers, withTimers([IDLE]), { heartbeatSeconds: 240 })
    expect(finding).toMatchObject({ status: 'ok', settings: [] })
  })

  it('is ok where idle connections have keepalive', () => {
    const finding = findingOfCheck(tcpDeadPeers, withTimers([KEEPALIVE, IDLE]))
    expect(finding.status).toBe('ok')
    expect(finding.observed).toContain('1 of 2 idle connections have keepalive, 50 %')
  })

  it('warns a server without heartbeat whose idle connections have no keepalive', () => {
    const finding = findingOfCheck(tcpDeadPeers, withTimers([IDLE, IDLE, RETRANSMIT]))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('none of 2 idle connections')
    expect(finding.settings).toEqual([])
  })

  it('judges no connection that has data in flight, and no empty host', () => {
    expect(findingOfCheck(tcpDeadPeers, withTimers([RETRANSMIT])).status).toBe('info')
    expect(findingOfCheck(tcpDeadPeers, withTimers([])).status).toBe('info')
  })

  it('asks no heartbeat of a generator', () => {
    const finding = findingOfCheck(tcpDeadPeers, withTimers([IDLE]), { role: 'loadgen' })
    expect(finding.status).toBe('ok')
  })

  it('warns below eight retries, even with a heartbeat', () => {
    const target = { heartbeatSeconds: 240 }
    const hasty = findingOfCheck(tcpDeadPeers, withTimers([IDLE], 7), target)
    expect(hasty.status).toBe('warn')
    expect(hasty.fix_now).toBe('sysctl -w net.ipv4.tcp_retries2=8')
    expect(findingOfCheck(tcpDeadPeers, withTimers([IDLE], 8), target).status).toBe('ok')
  })

  it('leaves the sysctls of keepalive alone', () => {
    const facts = withTimers([KEEPALIVE])
    expect(findingOfCheck(tcpDeadPeers, facts).evidence.join('\n')).toContain('tcp_keepalive_time')
    expect(findingOfCheck(tcpDeadPeers, facts).settings).toEqual([])
  })

  it('is unknown without the retries, or without connections to look at', () => {
    expect(findingOfCheck(tcpDeadPeers, factsWith()).status).toBe('unknown')
    const blind = factsWith({ sysctls: { 'net.ipv4.tcp_retries2': 15 } })
    expect(findingOfCheck(tcpDeadPeers, blind).status).toBe('unknown')
  })
})
