import { describe, expect, it } from 'vitest'
import { memoryEhash } from '../../../../src/doctor/checks/memory/ehash.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { parseSsSockets } from '../../../../src/doctor/parsers/ss-sockets.ts'
import { type FactsOptions, factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'

const namespace = (network: 'host' | 'child') => ({
  namespaces: {
    network: known(network, '/proc/sys/net/ipv4/tcp_mem'),
    networkInode: known('net:[1]', 'ns'),
    pid: known('host' as const, 'ns'),
  },
})

const withTable = (entries: number, open = 0, options: FactsOptions = {}) =>
  factsWith({
    sysctls: { 'net.ipv4.tcp_ehash_entries': entries },
    host: namespace('host'),
    ...options,
    sample: { sockstat: sockstatWith({ tcpInUse: open }), ...options.sample },
  })

const QUIET = { connectsPerSecond: 0 }

describe('memory/ehash', () => {
  it('finds the default of 24 GiB fine for a million, at a load of four', () => {
    const finding = findingOfCheck(memoryEhash, withTable(262_144), {
      ...QUIET,
      connections: 1_000_000,
    })
    expect(finding.status).toBe('ok')
    expect(finding.observed).toContain('3.8 connections a bucket')
  })

  it.each([
    [4_000, 'ok'],
    [4_001, 'info'],
    [16_000, 'info'],
    [16_001, 'warn'],
  ])('finds %i sockets in 1,000 buckets %s', (open, status) => {
    const finding = findingOfCheck(memoryEhash, withTable(1_000, open), {
      ...QUIET,
      connections: 1,
    })
    expect(finding.status).toBe(status)
  })

  it('names the boot parameter, the next power of two above half the connections', () => {
    const finding = findingOfCheck(memoryEhash, withTable(1_024), {
      ...QUIET,
      connections: 1_000_000,
    })
    expect(finding.fix_for_good).toContain('thash_entries=524288')
    expect(finding.settings).toEqual([])
  })

  it('counts IPv6, TIME_WAIT and half-open connections', () => {
    const text = 'SYN-RECV 0 0 10.0.0.1:80 10.0.0.2:5001\nCLOSE-WAIT 1 0 10.0.0.1:80 10.0.0.2:5002'
    const { rows } = parseSsSockets(text)
    const facts = withTable(1_000, 0, {
      sample: {
        sockstat: sockstatWith({ tcpInUse: 10, tcp6InUse: 20, timeWait: 30 }),
        transientSockets: known({ rows, partial: false }, 'ss'),
      },
    })
    const finding = findingOfCheck(memoryEhash, facts, { ...QUIET, connections: 1 })
    expect(finding.observed).toContain('(61 / 1,000)')
  })

  it('adds the TIME_WAIT of the target, up to its cap', () => {
    const facts = factsWith({
      sysctls: { 'net.ipv4.tcp_ehash_entries': 1_000, 'net.ipv4.tcp_max_tw_buckets': 5_000 },
      host: namespace('host'),
      sample: { sockstat: sockstatWith() },
    })
    const many = { connections: 1_000, connectsPerSecond: 1_000 }
    expect(findingOfCheck(memoryEhash, facts, many).observed).toContain('(6,000 / 1,000)')
    const few = { connections: 1_000, connectsPerSecond: 10 }
    expect(findingOfCheck(memoryEhash, facts, few).observed).toContain('(1,600 / 1,000)')
  })

  it('reads the size from the boot messages where the kernel has no such key', () => {
    const text = 'TCP established hash table entries: 2048 (order: 2, 16384 bytes, linear)'
    const facts = factsWith({
      host: namespace('host'),
      kernelLog: known([{ kind: 'ehash', text }], 'dmesg'),
      sample: { sockstat: sockstatWith() },
    })
    const finding = findingOfCheck(memoryEhash, facts, { ...QUIET, connections: 1_024 })
    expect(finding.observed).toContain('(1,024 / 2,048)')
  })

  it('is unknown in a container that shares the table, but tells a load of its own', () => {
    const child = (connections: number) =>
      findingOfCheck(memoryEhash, withTable(-1_000, 0, { host: namespace('child') }), {
        ...QUIET,
        connections,
      }).status
    expect(child(100)).toBe('unknown')
    expect(child(16_001)).toBe('warn')
  })

  it('judges a table of the namespace itself also from inside', () => {
    const facts = withTable(1_000, 0, { host: namespace('child') })
    expect(findingOfCheck(memoryEhash, facts, { ...QUIET, connections: 100 }).status).toBe('ok')
  })

  it('is unknown without the size, or without sockstat', () => {
    expect(findingOfCheck(memoryEhash, factsWith({ host: namespace('host') })).status).toBe(
      'unknown',
    )
    const facts = factsWith({ sysctls: { 'net.ipv4.tcp_ehash_entries': 1_000 } })
    expect(findingOfCheck(memoryEhash, facts).status).toBe('unknown')
  })
})
