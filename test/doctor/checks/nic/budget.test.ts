import { describe, expect, it } from 'vitest'
import { nicBudget } from '../../../../src/doctor/checks/nic/budget.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { CHILD_NAMESPACE, softirqPercents, softnetWith } from '../../host-builder.ts'

const SYSCTLS = { 'net.core.netdev_budget': 300, 'net.core.netdev_budget_usecs': 8_000 }

/** Squeezes of CPU 1 within five seconds. */
function factsOf(squeezes: number, softirqPercent = 20, start = 0): Facts {
  const times = softirqPercents([0, softirqPercent])
  const row = (timeSqueeze: number) => softnetWith([{}, { timeSqueeze: timeSqueeze % 2 ** 32 }])
  return factsWith({
    sysctls: SYSCTLS,
    before: { softnet: row(start), cpuTimes: times.before },
    after: { softnet: row(start + squeezes), cpuTimes: times.after },
  })
}

describe('nic/budget', () => {
  it('is ok below 10 squeezes a second and only information from there on', () => {
    expect(findingOfCheck(nicBudget, factsOf(49)).status).toBe('ok')
    expect(findingOfCheck(nicBudget, factsOf(50))).toMatchObject({ status: 'info', settings: [] })
  })

  it('warns from 100 a second on where the CPU has idle time, and raises what is lower', () => {
    const finding = findingOfCheck(nicBudget, factsOf(500))
    expect(finding.status).toBe('warn')
    expect(finding.settings).toMatchObject([
      { key: 'net.core.netdev_budget', value: '600', mode: 'raise' },
      { key: 'net.core.netdev_budget_usecs', value: '4000', mode: 'raise' },
    ])
  })

  it('points to the balance of CPUs when the CPU is full', () => {
    const finding = findingOfCheck(nicBudget, factsOf(5_000, 90))
    expect(finding).toMatchObject({ status: 'info', settings: [] })
    expect(finding.fix_now).toContain('cpu/softirq-balance')
  })

  it('counts on where the counter wrapped', () => {
    expect(findingOfCheck(nicBudget, factsOf(500, 20, 2 ** 32 - 100)).status).toBe('warn')
  })

  it('is unknown without the table, and without CPU times where they decide', () => {
    expect(findingOfCheck(nicBudget, factsWith()).status).toBe('unknown')
    const blind = factsWith({
      before: { softnet: softnetWith([{}]) },
      after: { softnet: softnetWith([{ timeSqueeze: 500 }]) },
    })
    expect(findingOfCheck(nicBudget, blind).status).toBe('unknown')
  })

  it('proposes nothing in a container, where the settings are hidden', () => {
    const { sysctls: _, ...facts } = factsOf(500)
    const finding = findingOfCheck(nicBudget, {
      ...facts,
      sysctls: {},
      host: { ...facts.host, ...CHILD_NAMESPACE },
    })
    expect(finding).toMatchObject({ status: 'warn', settings: [] })
    expect(finding.evidence.join()).toContain('belongs to the host')
  })
})
