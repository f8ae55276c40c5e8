import { describe, expect, it } from 'vitest'
import { twOrphans } from '../../../../src/doctor/checks/tw/orphans.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'

function factsWithOrphans(orphans: number, counters = {}) {
  return factsWith({
    counters: { 'TcpExt.TCPAbortOnMemory': 0, ...counters },
    sysctls: { 'net.ipv4.tcp_max_orphans': 131_072 },
    sample: { sockstat: sockstatWith({ orphans }) },
  })
}

describe('tw/orphans', () => {
  it.each([
    [0, 'ok'],
    [32_768, 'warn'],
    [65_536, 'critical'],
  ])('judges %i orphans of 131,072 as %s', (orphans, status) => {
    expect(findingOfCheck(twOrphans, factsWithOrphans(orphans)).status).toBe(status)
  })

  it('is critical when sockets are reset for memory now', () => {
    const facts = factsWithOrphans(0, { 'TcpExt.TCPAbortOnMemory': [3, 4] })
    expect(findingOfCheck(twOrphans, facts).status).toBe('critical')
  })

  it('prepares a server that may close all its clients at once, and never lowers the limit', () => {
    const finding = findingOfCheck(twOrphans, factsWithOrphans(0), { connections: 1_000_000 })
    expect(finding.status).toBe('info')
    expect(finding.fix_now).toBe('sysctl -w net.ipv4.tcp_max_orphans=500000')
    expect(findingOfCheck(twOrphans, factsWithOrphans(32_768)).settings).toEqual([])
  })

  it('quotes the kernel log', () => {
    const facts = {
      ...factsWithOrphans(0),
      kernelLog: known(
        [{ kind: 'orphans', text: 'TCP: too many orphaned sockets' } as const],
        'dmesg',
      ),
    }
    const finding = findingOfCheck(twOrphans, facts)
    expect(finding.status).toBe('warn')
    expect(finding.evidence).toContain('kernel log: TCP: too many orphaned sockets')
  })
})
