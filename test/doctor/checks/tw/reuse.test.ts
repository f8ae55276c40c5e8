import { describe, expect, it } from 'vitest'
import { twReuse } from '../../../../src/doctor/checks/tw/reuse.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function factsWithReuse(reuse: number, timestamps = 1) {
  return factsWith({
    sysctls: {
      'net.ipv4.tcp_tw_reuse': reuse,
      'net.ipv4.tcp_timestamps': timestamps,
      'net.ipv4.ip_local_port_range': '32768 60999',
    },
  })
}

describe('tw/reuse', () => {
  it('leaves a server alone whatever the value', () => {
    for (const value of [0, 1, 2]) {
      expect(findingOfCheck(twReuse, factsWithReuse(value)).status).toBe('ok')
    }
  })

  it('warns a generator whose churn outruns TIME_WAIT, and proposes 1', () => {
    const target = { role: 'loadgen', connectsPerSecond: 1_000 } as const
    const finding = findingOfCheck(twReuse, factsWithReuse(2), target)
    expect(finding.status).toBe('warn')
    expect(finding.fix_now).toBe('sysctl -w net.ipv4.tcp_tw_reuse=1')
    expect(findingOfCheck(twReuse, factsWithReuse(1), target).status).toBe('ok')
  })

  it('leaves a slow generator alone', () => {
    const target = { role: 'loadgen', connectsPerSecond: 100 } as const
    expect(findingOfCheck(twReuse, factsWithReuse(2), target).status).toBe('ok')
  })

  it('warns that 1 has no effect without timestamps', () => {
    const finding = findingOfCheck(twReuse, factsWithReuse(1, 0), { role: 'loadgen' })
    expect(finding.status).toBe('warn')
    expect(finding.fix_now).toBe('sysctl -w net.ipv4.tcp_timestamps=1')
  })
})
