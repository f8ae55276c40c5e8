import { describe, expect, it } from 'vitest'
import { processFdLimitInherited } from '../../../../src/doctor/checks/process/fd-limit-inherited.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { ProcessFacts } from '../../../../src/doctor/facts-process.ts'
import { factsWith, findingOfCheck, processWith } from '../../facts-builder.ts'

const LIMITS = known({ 'Max open files': { soft: 1_024, hard: 4_096 } }, '/proc/4321/limits')

function factsOf(limitNofile: number | null, changes: Partial<ProcessFacts> = {}): Facts {
  const unit = { name: 'push.service', limitNofile, memoryMaxBytes: null }
  return factsWith({
    sysctls: { 'fs.nr_open': 1_048_576 },
    rest: {
      processes: [processWith({ limits: LIMITS, unit: known(unit, 'systemctl show'), ...changes })],
    },
  })
}

describe('process/fd-limit-inherited', () => {
  it('is ok when the limit in force is the configured one', () => {
    expect(findingOfCheck(processFdLimitInherited, factsOf(4_096)).status).toBe('ok')
  })

  it('warns when the unit says more: the service needs a restart', () => {
    const finding = findingOfCheck(processFdLimitInherited, factsOf(1_048_576))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toBe('push.service says 1,048,576, in force is still 4,096')
    expect(finding.fix_now).toBe('systemctl restart push.service')
  })

  it('informs when a restart would take descriptors away', () => {
    const finding = findingOfCheck(processFdLimitInherited, factsOf(1_024))
    expect(finding.status).toBe('info')
    expect(finding.fix_for_good).toContain('LimitNOFILE=4096')
  })

  it('takes infinity for fs.nr_open', () => {
    const limits = known(
      { 'Max open files': { soft: 1_048_576, hard: 1_048_576 } },
      '/proc/4321/limits',
    )
    const facts = factsOf(Number.POSITIVE_INFINITY, { limits })
    expect(findingOfCheck(processFdLimitInherited, facts).status).toBe('ok')
    const hidden = findingOfCheck(processFdLimitInherited, { ...facts, sysctls: {} })
    expect(hidden.status).toBe('unknown')
  })

  it('is ok outside services, and unknown when nobody can tell', () => {
    const unit = unknown('names no systemd service', '/proc/4321/cgroup')
    const paths = (unified: string) => known({ unified, byController: {} }, '/proc/4321/cgroup')
    const status = (changes: Partial<ProcessFacts>) =>
      findingOfCheck(processFdLimitInherited, factsOf(null, { unit, ...changes })).status
    expect(status({ cgroupPaths: paths('/user.slice/session-1.scope') })).toBe('ok')
    expect(status({ cgroupPaths: paths('/system.slice/push.service') })).toBe('unknown')
    expect(status({})).toBe('unknown')
    expect(findingOfCheck(processFdLimitInherited, factsOf(null)).status).toBe('unknown')
    expect(findingOfCheck(processFdLimitInherited, factsWith()).observed).toContain('--pid')
  })
})
