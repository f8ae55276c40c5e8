import { describe, expect, it } from 'vitest'
import { cgroupPidsFds } from '../../../../src/doctor/checks/cgroup/pids-fds.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck, processWith } from '../../facts-builder.ts'

function factsOf(current: number, max: number, unitName?: string): Facts {
  const unit = { name: unitName ?? '', limitNofile: null, memoryMaxBytes: null }
  const process = processWith({
    cgroup: {
      ...processWith().cgroup,
      pidsMax: known(max, '/sys/fs/cgroup/push/pids.max'),
      pidsCurrent: known(current, '/sys/fs/cgroup/push/pids.current'),
    },
    limits: known({ 'Max open files': { soft: 1_024, hard: 4_096 } }, '/proc/4321/limits'),
    ...(unitName === undefined ? {} : { unit: known(unit, 'systemctl show') }),
  })
  return factsWith({ rest: { processes: [process] } })
}

describe('cgroup/pids-fds', () => {
  it('is ok below 90 % and warns from there on', () => {
    expect(findingOfCheck(cgroupPidsFds, factsOf(899, 1_000)).status).toBe('ok')
    const finding = findingOfCheck(cgroupPidsFds, factsOf(900, 1_000))
    expect(finding.status).toBe('warn')
    expect(finding.fix_now).toContain('2,000 threads')
    const ofUnit = findingOfCheck(cgroupPidsFds, factsOf(900, 1_000, 'push.service'))
    expect(ofUnit.fix_now).toContain('push.service TasksMax=2000')
  })

  it('is ok without a limit, and shows the descriptor limit that the runtime gave', () => {
    const finding = findingOfCheck(cgroupPidsFds, factsOf(5, Number.POSITIVE_INFINITY))
    expect(finding.status).toBe('ok')
    expect(finding.evidence.join()).toContain('Max open files 1,024, 11,024 needed')
  })

  it('is unknown when the limit cannot be read or no process is named', () => {
    const facts = factsWith({ rest: { processes: [processWith()] } })
    expect(findingOfCheck(cgroupPidsFds, facts).status).toBe('unknown')
    expect(findingOfCheck(cgroupPidsFds, factsWith()).status).toBe('unknown')
  })
})
