import { describe, expect, it } from 'vitest'
import { cgroupCpu } from '../../../../src/doctor/checks/cgroup/cpu.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { NameValues } from '../../../../src/doctor/parsers/name-values.ts'
import { factsWith, findingOfCheck, processSampleWith, processWith } from '../../facts-builder.ts'

const ZERO = { nr_periods: 0, nr_throttled: 0, throttled_usec: 0 }

function factsOf(stat: NameValues, quota = 2, busyThreads = 1, single = false): Facts {
  const threads = (ticks: number) =>
    known(
      Array.from({ length: busyThreads }, (_, index) => ({
        tid: 100 + index,
        name: 'node',
        cpuTicks: ticks,
        lastCpu: 0,
        startTicks: 0,
      })),
      '/proc/4321/task',
    )
  const sample = (values: NameValues, ticks: number) => ({
    processes: {
      4321: processSampleWith({
        cgroupCpuStat: known(values, '/sys/fs/cgroup/push/cpu.stat'),
        threads: threads(ticks),
      }),
    },
  })
  const process = processWith({
    cgroup: { ...processWith().cgroup, cpuQuota: known(quota, '/sys/fs/cgroup/push/cpu.max') },
  })
  return factsWith({
    before: sample(single ? stat : ZERO, 0),
    after: sample(stat, 400),
    rest: { processes: [process], ...(single ? { sampling: 'single', windowMs: 0 } : {}) },
  })
}

describe('cgroup/cpu', () => {
  it('is ok without a quota', () => {
    const finding = findingOfCheck(cgroupCpu, factsOf(ZERO, Number.POSITIVE_INFINITY))
    expect(finding).toMatchObject({ status: 'ok', observed: 'no quota' })
  })

  it.each([
    [240_000, 'ok'],
    [250_000, 'warn'],
    [990_000, 'warn'],
    [1_000_000, 'critical'],
  ])('with %d µs stopped of 5 s is %s', (throttled_usec, status) => {
    const stat = { nr_periods: 50, nr_throttled: 50, throttled_usec }
    expect(findingOfCheck(cgroupCpu, factsOf(stat)).status).toBe(status)
  })

  it('is not misled by time that is summed over CPUs: few periods stopped are few', () => {
    const stat = { nr_periods: 50, nr_throttled: 2, throttled_usec: 2_000_000 }
    expect(findingOfCheck(cgroupCpu, factsOf(stat)).status).toBe('ok')
  })

  it('reads nanoseconds of version 1', () => {
    const stat = { nr_periods: 50, nr_throttled: 50, throttled_time: 1_000_000_000 }
    expect(findingOfCheck(cgroupCpu, factsOf(stat)).status).toBe('critical')
  })

  it('informs when more threads are busy than the quota feeds', () => {
    const finding = findingOfCheck(cgroupCpu, factsOf(ZERO, 1.5, 2))
    expect(finding.status).toBe('info')
    expect(finding.observed).toContain('for 2 busy threads')
  })

  it('warns at most from one sample', () => {
    const stat = { nr_periods: 100, nr_throttled: 50, throttled_usec: 9_000_000 }
    expect(findingOfCheck(cgroupCpu, factsOf(stat, 2, 1, true)).status).toBe('warn')
  })

  it('is unknown when throttling is not counted or no process is named', () => {
    expect(findingOfCheck(cgroupCpu, factsOf({ usage_usec: 5 })).status).toBe('unknown')
    const noQuota = factsWith({ rest: { processes: [processWith()] } })
    expect(findingOfCheck(cgroupCpu, noQuota).status).toBe('unknown')
    expect(findingOfCheck(cgroupCpu, factsWith()).observed).toContain('--pid')
  })
})
