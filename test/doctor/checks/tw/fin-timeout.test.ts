import { describe, expect, it } from 'vitest'
import { twFinTimeout } from '../../../../src/doctor/checks/tw/fin-timeout.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

describe('tw/fin-timeout', () => {
  it.each([
    [5, 'warn'],
    [15, 'info'],
    [60, 'ok'],
    [120, 'info'],
  ])('judges %i s as %s', (seconds, status) => {
    const facts = factsWith({ sysctls: { 'net.ipv4.tcp_fin_timeout': seconds } })
    expect(findingOfCheck(twFinTimeout, facts).status).toBe(status)
  })

  it('says that a lowered value does not shorten TIME_WAIT', () => {
    const facts = factsWith({ sysctls: { 'net.ipv4.tcp_fin_timeout': 30 } })
    expect(findingOfCheck(twFinTimeout, facts).observed).toContain('does not shorten TIME_WAIT')
  })
})
