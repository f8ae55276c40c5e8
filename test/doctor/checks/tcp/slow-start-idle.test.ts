import { describe, expect, it } from 'vitest'
import { tcpSlowStartIdle } from '../../../../src/doctor/checks/tcp/slow-start-idle.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const withSetting = (value: number, control = 'cubic') =>
  factsWith({
    sysctls: {
      'net.ipv4.tcp_slow_start_after_idle': value,
      'net.ipv4.tcp_congestion_control': control,
    },
  })

describe('tcp/slow-start-idle', () => {
  it('informs where messages pass ten segments, and not one byte earlier', () => {
    const at = (messageBytes: number) =>
      findingOfCheck(tcpSlowStartIdle, withSetting(1), { messageBytes })
    expect(at(14_480)).toMatchObject({ status: 'ok', settings: [] })
    expect(at(14_481).status).toBe('info')
    expect(at(14_481).fix_now).toBe('sysctl -w net.ipv4.tcp_slow_start_after_idle=0')
  })

  it.each(['bbr', 'bbr3'])('is ok with %s, which sets the rate itself', (control) => {
    const facts = withSetting(1, control)
    const finding = findingOfCheck(tcpSlowStartIdle, facts, { messageBytes: 100_000 })
    expect(finding.status).toBe('ok')
    expect(finding.observed).toContain('without effect')
  })

  it('is ok where it is off', () => {
    const finding = findingOfCheck(tcpSlowStartIdle, withSetting(0), { messageBytes: 100_000 })
    expect(finding.status).toBe('ok')
  })

  it('is unknown without the key, and without the algorithm where it decides', () => {
    expect(findingOfCheck(tcpSlowStartIdle, factsWith()).status).toBe('unknown')
    const half = factsWith({ sysctls: { 'net.ipv4.tcp_slow_start_after_idle': 1 } })
    expect(findingOfCheck(tcpSlowStartIdle, half, { messageBytes: 100_000 }).status).toBe('unknown')
    expect(findingOfCheck(tcpSlowStartIdle, half, { messageBytes: 256 }).status).toBe('ok')
  })
})
