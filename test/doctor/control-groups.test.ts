import { describe, expect, it } from 'vitest'
import { controlGroups, isUnlimitedRoot } from '../../src/doctor/control-groups.ts'
import { known, unknown } from '../../src/doctor/fact.ts'
import { factsWith, processSampleWith, processWith } from './facts-builder.ts'

function processIn(pid: number, unified: string, memory?: string) {
  const byController = memory === undefined ? {} : { memory }
  return processWith({ pid, cgroupPaths: known({ unified, byController }, '/proc/PID/cgroup') })
}

describe('control groups of processes', () => {
  it('hold the workers of one service together, by each controller on its own', () => {
    const processes = [processIn(1, '/a', '/m'), processIn(2, '/b', '/m'), processIn(3, '/b')]
    const memory = controlGroups(processes, 'memory')
    expect(memory.map(({ path, label }) => [path, label])).toEqual([
      ['/m', 'node (pid 1) and 1 more'],
      ['/b', 'node (pid 3)'],
    ])
    expect(controlGroups(processes, 'cpu').map(({ path }) => path)).toEqual(['/a', '/b'])
  })

  it('keep processes apart whose group is not known', () => {
    const groups = controlGroups([processWith({ pid: 1 }), processWith({ pid: 2 })], 'pids')
    expect(groups.map(({ path }) => path)).toEqual([null, null])
  })

  it('are unlimited only at the root of a mounted hierarchy, where the file is absent', () => {
    const cgroupCpuStat = known({ usage_usec: 1 }, 'cpu.stat')
    const facts = factsWith({
      sample: { processes: { 1: processSampleWith({ cgroupCpuStat }) } },
    })
    const absent = unknown('does not exist here', 'pids.max')
    const [root] = controlGroups([processIn(1, '/')], 'pids')
    const [service] = controlGroups([processIn(1, '/a')], 'pids')
    expect(isUnlimitedRoot(facts, root!, absent)).toBe(true)
    expect(isUnlimitedRoot(facts, root!, unknown('permission denied', 'pids.max'))).toBe(false)
    expect(isUnlimitedRoot(factsWith(), root!, absent)).toBe(false)
    expect(isUnlimitedRoot(facts, service!, absent)).toBe(false)
  })
})
