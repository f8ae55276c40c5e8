import { describe, expect, it } from 'vitest'
import { twOverflow } from '../../../../src/doctor/checks/tw/overflow.ts'
import { factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'

const CAP = { 'net.ipv4.tcp_max_tw_buckets': 131_072 }

describe('tw/overflow', () => {
  it('is ok when the counter never moved and the cap holds the target', () => {
    const facts = factsWith({
      counters: { 'TcpExt.TCPTimeWaitOverflow': 0, 'TcpExt.TW': [0, 10] },
      sysctls: CAP,
      sample: { sockstat: sockstatWith({ timeWait: 10 }) },
    })
    const finding = findingOfCheck(twOverflow, facts, { connectsPerSecond: 1_000 })
    expect(finding.status).toBe('ok')
    expect(finding.settings).toEqual([])
  })

  it('warns with the share of closes when the counter moves, and raises the cap to 60 s of closes', () => {
    const facts = factsWith({
      counters: { 'TcpExt.TCPTimeWaitOverflow': [100, 400], 'TcpExt.TW': [0, 100] },
      sysctls: CAP,
      sample: { sockstat: sockstatWith({ timeWait: 131_072 }) },
    })
    const finding = findingOfCheck(twOverflow, facts, { connectsPerSecond: 30_000 })
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('75 % of all')
    expect(finding.fix_now).toBe('sysctl -w net.ipv4.tcp_max_tw_buckets=2160000')
  })

  it('is only information when the overflow is old or the table is nearly full', () => {
    const old = factsWith({ counters: { 'TcpExt.TCPTimeWaitOverflow': 7 }, sysctls: CAP })
    expect(findingOfCheck(twOverflow, old).status).toBe('info')
    const full = factsWith({
      counters: { 'TcpExt.TCPTimeWaitOverflow': 0 },
      sysctls: CAP,
      sample: { sockstat: sockstatWith({ timeWait: 120_000 }) },
    })
    expect(findingOfCheck(twOverflow, full).status).toBe('info')
  })

  it('is unknown when the kernel has no such counter', () => {
    const facts = factsWith({ counters: { 'TcpExt.TW': 1 } })
    expect(findingOfCheck(twOverflow, facts).status).toBe('unknown')
  })
})
