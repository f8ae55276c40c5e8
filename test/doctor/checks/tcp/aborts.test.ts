import { describe, expect, it } from 'vitest'
import { tcpAborts } from '../../../../src/doctor/checks/tcp/aborts.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

type Counters = Readonly<Record<string, number | readonly [number, number]>>

const QUIET: Counters = { 'TcpExt.TCPBacklogDrop': 0, 'TcpExt.TCPToZeroWindowAdv': 0 }
/** 1,200 connections accepted, 200 more established than before: 1,000 closed. */
const CLOSES: Counters = {
  'Tcp.ActiveOpens': 0,
  'Tcp.PassiveOpens': [5_000, 6_200],
  'Tcp.CurrEstab': [800, 1_000],
}

const withCounters = (counters: Counters) =>
  factsWith({ counters: { ...QUIET, ...CLOSES, ...counters } })

describe('tcp/aborts', () => {
  it('is ok when nothing was reset', () => {
    expect(findingOfCheck(tcpAborts, withCounters({}))).toMatchObject({
      status: 'ok',
      observed: 'no connection was reset',
      settings: [],
    })
  })

  it('shows the two largest causes as shares of closes, from 10 % on as information', () => {
    const finding = findingOfCheck(
      tcpAborts,
      withCounters({
        'TcpExt.TCPAbortOnClose': [0, 300],
        'TcpExt.TCPAbortOnTimeout': [0, 50],
        'TcpExt.TCPAbortOnData': [0, 20],
      }),
    )
    expect(finding.status).toBe('info')
    expect(finding.observed).toBe(
      '300 closed here with bytes unread (30 % of closes); 50 given up after the last retry (5.0 % of closes)',
    )
    const few = withCounters({ 'TcpExt.TCPAbortOnClose': [0, 99] })
    expect(findingOfCheck(tcpAborts, few).status).toBe('ok')
    const some = withCounters({ 'TcpExt.TCPAbortOnClose': [0, 100] })
    expect(findingOfCheck(tcpAborts, some).status).toBe('info')
  })

  it('warns while one socket is flooded, and tells when that is over', () => {
    const now = withCounters({ 'TcpExt.TCPBacklogDrop': [4, 9] })
    expect(findingOfCheck(tcpAborts, now)).toMatchObject({
      status: 'warn',
      observed: '5 packets dropped at a socket that was flooded',
    })
    expect(findingOfCheck(tcpAborts, withCounters({ 'TcpExt.TCPBacklogDrop': 9 })).status).toBe(
      'info',
    )
  })

  it('warns of a program that does not read, from 1 % of the connections a second on', () => {
    const at = (zeroWindows: number) =>
      findingOfCheck(tcpAborts, withCounters({ 'TcpExt.TCPToZeroWindowAdv': [0, zeroWindows] }), {
        connections: 10_000,
      })
    expect(at(499).status).toBe('ok')
    expect(at(500).status).toBe('warn')
    expect(at(500).observed).toContain('does not read')
  })

  it('does not alarm a small target for a single full buffer', () => {
    const facts = withCounters({ 'TcpExt.TCPToZeroWindowAdv': [0, 1] })
    expect(findingOfCheck(tcpAborts, facts, { connections: 10 }).status).toBe('ok')
  })

  it('does not take totals since boot for what happens now', () => {
    const facts = withCounters({ 'TcpExt.TCPToZeroWindowAdv': 90_000_000 })
    expect(findingOfCheck(tcpAborts, { ...facts, sampling: 'single' }).status).toBe('ok')
  })

  it('gives causes without shares where the number of closes cannot be told', () => {
    const facts = factsWith({ counters: { ...QUIET, 'TcpExt.TCPAbortOnClose': [0, 30] } })
    const finding = findingOfCheck(tcpAborts, facts)
    expect(finding.observed).toBe('30 closed here with bytes unread')
  })

  it('is unknown without the counters that would warn', () => {
    expect(findingOfCheck(tcpAborts, factsWith()).status).toBe('unknown')
    const half = factsWith({ counters: { 'TcpExt.TCPBacklogDrop': 0 } })
    expect(findingOfCheck(tcpAborts, half).status).toBe('unknown')
  })
})
