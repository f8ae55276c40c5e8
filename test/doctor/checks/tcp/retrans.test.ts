import { describe, expect, it } from 'vitest'
import { tcpRetrans } from '../../../../src/doctor/checks/tcp/retrans.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

type Counters = Readonly<Record<string, number | readonly [number, number]>>

const withSegments = (sent: number, repeated: number, more: Counters = {}) =>
  factsWith({
    counters: {
      'Tcp.OutSegs': [1_000, 1_000 + sent],
      'Tcp.RetransSegs': [10, 10 + repeated],
      ...more,
    },
  })

describe('tcp/retrans', () => {
  it.each([
    [999, 'ok'],
    [1_000, 'info'],
    [2_999, 'info'],
    [3_000, 'warn'],
    [9_999, 'warn'],
    [10_000, 'critical'],
  ])('finds %i of 100,000 segments sent again %s', (repeated, status) => {
    expect(findingOfCheck(tcpRetrans, withSegments(100_000, repeated)).status).toBe(status)
  })

  it('judges nothing below 10,000 segments, in either direction', () => {
    const few = findingOfCheck(tcpRetrans, withSegments(9_999, 5_000))
    expect(few).toMatchObject({ status: 'info', observed: expect.stringContaining('too few') })
    expect(findingOfCheck(tcpRetrans, withSegments(10_000, 5_000)).status).toBe('critical')
    expect(findingOfCheck(tcpRetrans, withSegments(10_000, 0)).status).toBe('ok')
  })

  it('tells needless retransmits from loss, and where to look for each', () => {
    const needless = withSegments(100_000, 4_000, { 'TcpExt.TCPDSACKRecv': [0, 2_000] })
    const delayed = findingOfCheck(tcpRetrans, needless)
    expect(delayed.observed).toContain('50 % of them needless: delay, not loss')
    expect(delayed.fix_now).toContain('cpu/steal')
    const real = withSegments(100_000, 4_000, { 'TcpExt.TCPDSACKRecv': [0, 399] })
    const lost = findingOfCheck(tcpRetrans, real)
    expect(lost.observed).toContain('real loss')
    expect(lost.fix_now).toContain('nic/drops')
    const between = withSegments(100_000, 4_000, { 'TcpExt.TCPDSACKRecv': [0, 400] })
    expect(findingOfCheck(tcpRetrans, between).observed).not.toMatch(/loss|delay/)
  })

  it('names thin streams where half of the retransmits waited for a timeout', () => {
    const thin = withSegments(100_000, 4_000, { 'TcpExt.TCPTimeouts': [0, 2_000] })
    expect(findingOfCheck(tcpRetrans, thin).observed).toContain('thin streams')
    const fast = withSegments(100_000, 4_000, { 'TcpExt.TCPTimeouts': [0, 1_999] })
    expect(findingOfCheck(tcpRetrans, fast).observed).not.toContain('thin streams')
  })

  it('does not call losses since boot critical', () => {
    const facts = { ...withSegments(100_000, 50_000), sampling: 'single' as const }
    const finding = findingOfCheck(tcpRetrans, facts)
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('since boot')
  })

  it('is unknown without either counter', () => {
    expect(findingOfCheck(tcpRetrans, factsWith()).status).toBe('unknown')
    const half = factsWith({ counters: { 'Tcp.OutSegs': [0, 20_000] } })
    expect(findingOfCheck(tcpRetrans, half).status).toBe('unknown')
  })
})
