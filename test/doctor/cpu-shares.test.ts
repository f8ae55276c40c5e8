import { describe, expect, it } from 'vitest'
import { cpuShares, median } from '../../src/doctor/cpu-shares.ts'
import { known } from '../../src/doctor/fact.ts'
import { factsWith } from './facts-builder.ts'
import { softirqPercents } from './host-builder.ts'

describe('shares of CPU time', () => {
  it('are those of the window, for the CPUs of both samples', () => {
    const { before, after } = softirqPercents([58, 0])
    const oneCpuOnly = before.known ? known(before.value.slice(0, 1), before.source) : before
    const facts = factsWith({ before: { cpuTimes: oneCpuOnly }, after: { cpuTimes: after } })
    expect(cpuShares(facts)).toMatchObject({
      value: { basis: 'window', rows: [{ cpu: 0, softirq: 0.58, idle: 0.42 }] },
    })
  })

  it('are since boot with one sample', () => {
    const { after } = softirqPercents([10])
    const facts = factsWith({
      sample: { cpuTimes: after },
      rest: { sampling: 'single', windowMs: 0 },
    })
    expect(cpuShares(facts)).toMatchObject({ value: { basis: 'boot', rows: [{ softirq: 0.1 }] } })
  })

  it('are unknown when too little time passed, or nothing was read', () => {
    const { after } = softirqPercents([10])
    expect(cpuShares(factsWith({ sample: { cpuTimes: after } })).known).toBe(false)
    expect(cpuShares(factsWith()).known).toBe(false)
  })
})

describe('the median', () => {
  it.each([
    [[], 0],
    [[3], 3],
    [[4, 1], 2.5],
    [[9, 1, 5], 5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })
})
