import { describe, expect, it } from 'vitest'
import { tcpRtoMin } from '../../../../src/doctor/checks/tcp/rto-min.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import { parseIpRoute } from '../../../../src/doctor/parsers/ip-route.ts'
import { parseSsSockets } from '../../../../src/doctor/parsers/ss-sockets.ts'
import { type FactsOptions, factsWith, findingOfCheck } from '../../facts-builder.ts'

const PLAIN_ROUTE = 'default via 192.0.2.1 dev eth0 proto dhcp'

const withFloor = (microseconds: number, routes = PLAIN_ROUTE, options: FactsOptions = {}) =>
  factsWith({
    sysctls: { 'net.ipv4.tcp_rto_min_us': microseconds },
    network: { routes: known(parseIpRoute(routes), 'ip route show') },
    ...options,
  })

describe('tcp/rto-min', () => {
  it.each([
    [20_000, 'ok'],
    [19_999, 'warn'],
    [200_000, 'ok'],
    [200_001, 'warn'],
    [3_000_000, 'warn'],
  ])('finds a floor of %i µs %s', (microseconds, status) => {
    const finding = findingOfCheck(tcpRtoMin, withFloor(microseconds))
    expect(finding.status).toBe(status)
    expect(finding.settings.length).toBe(status === 'warn' ? 1 : 0)
  })

  it('takes the kernel at its constant where it certainly has no such key', () => {
    const facts = factsWith({
      sysctls: { 'net.ipv4.tcp_timestamps': 1 },
      network: { routes: known(parseIpRoute(PLAIN_ROUTE), 'ip route show') },
    })
    const missing = unknown('does not exist here', '/proc/sys/net/ipv4/tcp_rto_min_us')
    const sysctls = { ...facts.sysctls, 'net.ipv4.tcp_rto_min_us': missing }
    const finding = findingOfCheck(tcpRtoMin, { ...facts, sysctls })
    expect(finding).toMatchObject({ status: 'ok', observed: 'the floor is 200 ms' })
  })

  it('warns of a default route that sets seconds or a millisecond, and gives the route without it', () => {
    const slow = `${PLAIN_ROUTE} rto_min lock 3s`
    const finding = findingOfCheck(tcpRtoMin, withFloor(200_000, slow))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('route default sets 3000 ms')
    expect(finding.fix_now).toBe(`ip route change ${PLAIN_ROUTE}`)
    const fast = withFloor(200_000, `${PLAIN_ROUTE} rto_min lock 5ms`)
    expect(findingOfCheck(tcpRtoMin, fast).status).toBe('warn')
  })

  it('accepts a low floor, and the recipe of 400 ms, for one prefix', () => {
    const low = withFloor(200_000, `${PLAIN_ROUTE}\n10.0.0.0/8 dev eth1 rto_min lock 5ms`)
    expect(findingOfCheck(tcpRtoMin, low).status).toBe('ok')
    const recipe = withFloor(200_000, `${PLAIN_ROUTE}\n198.51.100.0/24 dev eth0 rto_min lock 400ms`)
    expect(findingOfCheck(tcpRtoMin, recipe).status).toBe('ok')
    const seconds = withFloor(200_000, `${PLAIN_ROUTE}\n198.51.100.0/24 dev eth0 rto_min lock 1s`)
    expect(findingOfCheck(tcpRtoMin, seconds).status).toBe('warn')
  })

  it('gives the route recipe where timeouts were needless in the window', () => {
    const counters = {
      'Tcp.RetransSegs': [0, 100] as const,
      'TcpExt.TCPDSACKRecv': [0, 50] as const,
      'TcpExt.TCPSpuriousRTOs': [0, 1] as const,
    }
    const finding = findingOfCheck(tcpRtoMin, withFloor(200_000, PLAIN_ROUTE, { counters }))
    expect(finding.status).toBe('info')
    expect(finding.fix_for_good).toContain('rto_min 400ms')
    const calm = { ...counters, 'TcpExt.TCPSpuriousRTOs': 1 }
    const quiet = withFloor(200_000, PLAIN_ROUTE, { counters: calm })
    expect(findingOfCheck(tcpRtoMin, quiet).status).toBe('ok')
  })

  it('shows the medians of connections beside the floor', () => {
    const text = [
      '0 0 10.0.0.1:80 10.0.0.2:5001 ts sack rto:204 rtt:0.5/0.2 cwnd:10',
      '0 0 10.0.0.1:80 10.0.0.2:5002 ts sack rto:840 rtt:600/60 cwnd:10',
      '0 0 10.0.0.1:80 10.0.0.2:5003 ts sack rto:260 rtt:30/15 cwnd:10',
    ].join('\n')
    const sockets = {
      timeWait: unknown('not part of this test', 'ss'),
      establishedSample: known(parseSsSockets(text, 'ESTAB').rows, 'ss -Htnoim'),
    }
    const facts = withFloor(200_000, PLAIN_ROUTE, { rest: { sockets } })
    expect(findingOfCheck(tcpRtoMin, facts).evidence.at(-1)).toContain(
      'median rto 260 ms, round trip 30 ms of 3 connections',
    )
  })

  it('is unknown without the key, or without routes that may overrule it', () => {
    expect(findingOfCheck(tcpRtoMin, factsWith()).status).toBe('unknown')
    const blind = factsWith({ sysctls: { 'net.ipv4.tcp_rto_min_us': 200_000 } })
    expect(findingOfCheck(tcpRtoMin, blind).status).toBe('unknown')
    const slow = factsWith({ sysctls: { 'net.ipv4.tcp_rto_min_us': 3_000_000 } })
    expect(findingOfCheck(tcpRtoMin, slow).status).toBe('warn')
  })
})
