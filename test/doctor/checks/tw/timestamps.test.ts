import { describe, expect, it } from 'vitest'
import { twTimestamps } from '../../../../src/doctor/checks/tw/timestamps.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const statusWith = (value: number, counters = {}) =>
  findingOfCheck(
    twTimestamps,
    factsWith({ sysctls: { 'net.ipv4.tcp_timestamps': value }, counters }),
  ).status

describe('tw/timestamps', () => {
  it('judges the value', () => {
    expect([0, 1, 2].map((value) => statusWith(value))).toEqual(['warn', 'ok', 'info'])
  })

  it('tells of a NAT that reuses ports within a minute', () => {
    const accepted = { 'Tcp.PassiveOpens': [0, 10_000] }
    expect(statusWith(1, { ...accepted, 'TcpExt.PAWSTimewait': [0, 50] })).toBe('info')
    expect(statusWith(1, { ...accepted, 'TcpExt.PAWSTimewait': [0, 5] })).toBe('ok')
    expect(statusWith(1, { ...accepted, 'TcpExt.TCPACKSkippedTimeWait': [100, 150] })).toBe('info')
  })

  it('is unknown without the setting', () => {
    expect(findingOfCheck(twTimestamps, factsWith()).status).toBe('unknown')
  })
})
