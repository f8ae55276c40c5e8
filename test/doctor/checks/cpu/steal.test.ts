import { describe, expect, it } from 'vitest'
import { cpuSteal } from '../../../../src/doctor/checks/cpu/steal.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { softirqPercents } from '../../host-builder.ts'

function statusWith(stealPercent: number, single = false): string {
  const { before, after } = softirqPercents([0, 0], stealPercent)
  const facts = factsWith({
    before: { cpuTimes: single ? after : before },
    after: { cpuTimes: after },
    rest: single ? { sampling: 'single', windowMs: 0 } : {},
  })
  return findingOfCheck(cpuSteal, facts).status
}

describe('cpu/steal', () => {
  it.each([
    [0, 'ok'],
    [2.8, 'ok'],
    [3, 'warn'],
    [9.8, 'warn'],
    [10, 'critical'],
  ])('of %d %% is %s', (percent, status) => {
    expect(statusWith(percent)).toBe(status)
  })

  it('warns at most of an average since boot', () => {
    expect(statusWith(50, true)).toBe('warn')
  })

  it('is unknown without CPU times', () => {
    expect(findingOfCheck(cpuSteal, factsWith()).status).toBe('unknown')
  })
})
