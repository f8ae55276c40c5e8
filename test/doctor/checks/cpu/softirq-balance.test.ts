import { describe, expect, it } from 'vitest'
import { cpuSoftirqBalance } from '../../../../src/doctor/checks/cpu/softirq-balance.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { Sample } from '../../../../src/doctor/facts-sample.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { interfacesWith, interfaceWith, softirqPercents, softnetWith } from '../../host-builder.ts'

/** Taobao's balancer: two of eight CPUs do all receive work. */
const TWO_OF_EIGHT = [0, 1, 0, 0, 2, 58, 0, 57]
const LOADGEN = { role: 'loadgen' } as const

function factsOf(percents: readonly number[], after: Partial<Sample> = {}): Facts {
  const times = softirqPercents(percents)
  return factsWith({
    before: { cpuTimes: times.before },
    after: { cpuTimes: times.after, ...after },
  })
}

describe('cpu/softirq-balance', () => {
  it('is critical on a server with two of eight CPUs at 58 %, and names them', () => {
    const finding = findingOfCheck(cpuSoftirqBalance, factsOf(TWO_OF_EIGHT))
    expect(finding.status).toBe('critical')
    expect(finding.observed).toContain('2 of 8 CPUs')
    expect(finding.observed).toContain('CPU 5 at 58 %')
    expect(finding.evidence[0]).toContain('CPU 5: 58 %, CPU 7: 57 %')
    expect(finding.fix_now).toContain('nic/rps')
  })

  it('warns of the same on a generator', () => {
    expect(findingOfCheck(cpuSoftirqBalance, factsOf(TWO_OF_EIGHT), LOADGEN).status).toBe('warn')
  })

  it('is ok with eight CPUs at 11 to 14 %, and with all of them evenly busy', () => {
    const spread = factsOf([11, 12, 13, 14, 11, 12, 13, 14])
    expect(findingOfCheck(cpuSoftirqBalance, spread).status).toBe('ok')
    expect(findingOfCheck(cpuSoftirqBalance, factsOf([60, 60, 60, 60])).status).toBe('ok')
  })

  it('is ok just below half a CPU, and just below three times the median', () => {
    expect(findingOfCheck(cpuSoftirqBalance, factsOf([49, 0, 0, 0])).status).toBe('ok')
    expect(findingOfCheck(cpuSoftirqBalance, factsOf([59, 20, 20, 20])).status).toBe('ok')
    expect(findingOfCheck(cpuSoftirqBalance, factsOf([61, 20, 20, 20])).status).toBe('critical')
  })

  it('is critical on any host where a CPU is at 85 %', () => {
    const facts = factsOf([85, 84, 84, 84])
    expect(findingOfCheck(cpuSoftirqBalance, facts, LOADGEN).status).toBe('critical')
  })

  it('warns when packets, counted across a wrap, pile up on one CPU', () => {
    const rows = (moved: readonly number[]) =>
      softnetWith(moved.map((by) => ({ processed: (2 ** 32 - 1_000 + by) % 2 ** 32 })))
    const skewed = (busiest: number): Facts => {
      const times = softirqPercents([5, 0, 0, 0])
      return factsWith({
        before: { cpuTimes: times.before, softnet: rows([0, 0, 0, 0]) },
        after: { cpuTimes: times.after, softnet: rows([busiest, 1_000, 1_000, 1_000]) },
      })
    }
    const finding = findingOfCheck(cpuSoftirqBalance, skewed(60_000))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('3.8 × the mean')
    // 5,000 packets in five seconds are too few to judge.
    expect(findingOfCheck(cpuSoftirqBalance, skewed(5_000)).status).toBe('ok')
  })

  it('warns of a ksoftirqd thread from a fifth of a CPU on', () => {
    const thread = (cpuTicks: number) =>
      known(
        { 3: { tid: 30, name: 'ksoftirqd/3', cpuTicks, lastCpu: 3, startTicks: 1 } },
        '/proc/PID/stat of ksoftirqd',
      )
    const busy = (ticks: number): Facts => {
      const facts = factsOf([5, 5, 5, 5], { ksoftirqd: thread(ticks) })
      return { ...facts, before: { ...facts.before, ksoftirqd: thread(0) } }
    }
    expect(findingOfCheck(cpuSoftirqBalance, busy(99)).status).toBe('ok')
    const finding = findingOfCheck(cpuSoftirqBalance, busy(100))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('ksoftirqd/3 at 20 %')
  })

  it('warns at most from one sample, and notes threaded receive work', () => {
    const { after } = softirqPercents(TWO_OF_EIGHT)
    const facts = factsWith({
      sample: { cpuTimes: after },
      rest: { sampling: 'single', windowMs: 0 },
      network: interfacesWith(interfaceWith({ threadedNapi: known(true, 'threaded') })),
    })
    const finding = findingOfCheck(cpuSoftirqBalance, facts)
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('since boot')
    expect(finding.evidence.join()).toContain('napi/eth0-N')
  })

  it('is unknown without CPU times', () => {
    expect(findingOfCheck(cpuSoftirqBalance, factsWith()).status).toBe('unknown')
  })
})
