import { describe, expect, it } from 'vitest'
import { memoryTcpMem } from '../../../../src/doctor/checks/memory/tcp-mem.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { type FactsOptions, factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'

const IDLE = { 'TcpExt.TCPAbortOnMemory': 0, 'TcpExt.TCPMemoryPressures': 0 }
const MEMINFO = known({ MemTotal: 24 * 2 ** 30 }, '/proc/meminfo')

const withPages = (pages: number, options: FactsOptions = {}) =>
  factsWith({
    counters: IDLE,
    sysctls: { 'net.ipv4.tcp_mem': '287898 383867 575796' },
    ...options,
    host: { kernelRelease: known('6.18.44', 'osrelease'), ...options.host },
    sample: {
      sockstat: sockstatWith({ tcpMemoryPages: pages }),
      meminfo: MEMINFO,
      ...options.sample,
    },
  })

const inContainer = (options: FactsOptions = {}) =>
  factsWith({
    counters: IDLE,
    ...options,
    host: {
      namespaces: {
        network: known('child', 'tcp_mem is absent'),
        networkInode: known('net:[1]', 'ns'),
        pid: known('child', 'ns'),
      },
    },
    sample: { sockstat: sockstatWith({ tcpMemoryPages: 10 }), meminfo: MEMINFO, ...options.sample },
  })

const protocols = (underPressure: boolean) =>
  known(
    [{ name: 'TCP', objectBytes: 2_304, sockets: 5, memoryPages: 9, underPressure }],
    '/proc/net/protocols',
  )

describe('memory/tcp-mem', () => {
  it('is ok when nothing was lost, little is in use and the target fits', () => {
    const finding = findingOfCheck(memoryTcpMem, withPages(300))
    expect(finding.status).toBe('ok')
    expect(finding.settings).toEqual([])
  })

  it.each([
    [383_867, 'ok'],
    [383_868, 'warn'],
    [547_006, 'warn'],
    [547_007, 'critical'],
  ])('finds %i pages in use %s', (pages, status) => {
    expect(findingOfCheck(memoryTcpMem, withPages(pages)).status).toBe(status)
  })

  it('computes the vector of the catalogue for a broadcast of 512 bytes to a million', () => {
    const facts = withPages(300, {
      sample: { meminfo: known({ MemTotal: 64 * 2 ** 30 }, '/proc/meminfo') },
    })
    const finding = findingOfCheck(memoryTcpMem, facts, {
      connections: 1_000_000,
      dirtySockets: 1_000_000,
      messageBytes: 512,
    })
    expect(finding.status).toBe('critical')
    expect(finding.needed).toContain('pressure ≥ 1,378,125 (1.25 × 1.05 × (1,000,000 connections')
    expect(finding.fix_now).toBe('sysctl -w net.ipv4.tcp_mem="1033594 1378125 2067188"')
  })

  it('is critical while connections are reset for want of memory, and tells old losses', () => {
    const counters = { ...IDLE, 'TcpExt.TCPAbortOnMemory': [3, 7] as const }
    const finding = findingOfCheck(memoryTcpMem, withPages(300, { counters }))
    expect(finding.status).toBe('critical')
    expect(finding.observed).toContain('TCPAbortOnMemory +4')
    const old = { ...IDLE, 'TcpExt.TCPAbortOnMemory': 7 }
    expect(findingOfCheck(memoryTcpMem, withPages(300, { counters: old })).status).toBe('info')
  })

  it('warns when pressure was entered, when it is on, and when the kernel log says so', () => {
    const counters = { ...IDLE, 'TcpExt.TCPMemoryPressures': [1, 2] as const }
    expect(findingOfCheck(memoryTcpMem, withPages(300, { counters })).status).toBe('warn')
    const pressed = withPages(300, { sample: { protocols: protocols(true) } })
    expect(findingOfCheck(memoryTcpMem, pressed).status).toBe('warn')
    const calm = withPages(300, { sample: { protocols: protocols(false) } })
    expect(findingOfCheck(memoryTcpMem, calm).status).toBe('ok')
    const text = 'TCP: out of memory -- consider tuning tcp_mem'
    const logged = withPages(300, { kernelLog: known([{ kind: 'tcpMemory', text }], 'dmesg') })
    expect(findingOfCheck(memoryTcpMem, logged).status).toBe('warn')
  })

  it('is unknown in a container, which cannot see the limit of the host', () => {
    const finding = findingOfCheck(memoryTcpMem, inContainer())
    expect(finding.status).toBe('unknown')
    expect(finding.observed).toContain('belongs to the host')
    expect(finding.settings).toEqual([])
  })

  it('still tells losses and pressure from inside a container', () => {
    const counters = { ...IDLE, 'TcpExt.TCPAbortOnMemory': [0, 1] as const }
    expect(findingOfCheck(memoryTcpMem, inContainer({ counters })).status).toBe('critical')
    const pressed = inContainer({ sample: { protocols: protocols(true) } })
    expect(findingOfCheck(memoryTcpMem, pressed).status).toBe('warn')
  })

  it('is unknown where only the use cannot be read', () => {
    const facts = factsWith({ sysctls: { 'net.ipv4.tcp_mem': '287898 383867 575796' } })
    expect(findingOfCheck(memoryTcpMem, facts).status).toBe('unknown')
  })
})
