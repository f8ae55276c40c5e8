import { describe, expect, it } from 'vitest'
import { cpuFreq } from '../../../../src/doctor/checks/cpu/freq.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const LOADGEN = { role: 'loadgen' } as const
const ABSENT = unknown('does not exist here', 'cpufreq')

function factsOf(governor: string, driver: string, idleExitUs = 1): Facts {
  const nothing = factsWith().host.cpuTopology
  return factsWith({
    host: {
      cpuGovernors: known({ 0: governor, 1: governor }, 'cpufreq'),
      cpuScalingDriver: known(driver, 'scaling_driver'),
      cpuTopology: { ...nothing, idleExitUsMax: known(idleExitUs, 'cpuidle') },
    },
  })
}

describe('cpu/freq', () => {
  it('is ok with the governor performance', () => {
    const finding = findingOfCheck(cpuFreq, factsOf('performance', 'acpi-cpufreq'))
    expect(finding).toMatchObject({ status: 'ok', settings: [] })
  })

  it('informs of powersave where it holds the lowest clock, and leaves self-scaling ones', () => {
    const finding = findingOfCheck(cpuFreq, factsOf('powersave', 'acpi-cpufreq'))
    expect(finding.status).toBe('info')
    expect(finding.fix_now).toBe('cpupower frequency-set -g performance')
    for (const driver of ['intel_pstate', 'amd-pstate-epp']) {
      expect(findingOfCheck(cpuFreq, factsOf('powersave', driver)).status).toBe('ok')
    }
  })

  it('informs a generator, not a server, of deep sleep', () => {
    const facts = factsOf('performance', 'intel_pstate', 133)
    expect(findingOfCheck(cpuFreq, facts).status).toBe('ok')
    const finding = findingOfCheck(cpuFreq, facts, LOADGEN)
    expect(finding.status).toBe('info')
    expect(finding.fix_now).toContain('latency-performance')
  })

  it('is ok in a virtual machine, where there is nothing to set', () => {
    const facts = factsWith({
      host: { cpuGovernors: ABSENT, virtualisation: known('kvm', 'systemd-detect-virt') },
    })
    expect(findingOfCheck(cpuFreq, facts).status).toBe('ok')
  })

  it('is unknown on hardware without a governor, and when it cannot be read', () => {
    const metal = factsWith({
      host: { cpuGovernors: ABSENT, virtualisation: known('none', 'systemd-detect-virt') },
    })
    expect(findingOfCheck(cpuFreq, metal).status).toBe('unknown')
    expect(findingOfCheck(cpuFreq, factsWith()).status).toBe('unknown')
    const noDriver = factsWith({ host: { cpuGovernors: known({ 0: 'powersave' }, 'cpufreq') } })
    expect(findingOfCheck(cpuFreq, noDriver).status).toBe('unknown')
  })
})
