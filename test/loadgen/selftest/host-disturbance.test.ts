import { describe, expect, it } from 'vitest'
import {
  disturbancesOf,
  foreignCores,
  type HostMoment,
} from '../../../src/loadgen/selftest/host-disturbance.ts'

function moment(atS: number, busyTicks: number, ownCpuS: number, steal = 0): HostMoment {
  const cpu = { total: atS * 200, busy: busyTicks, softirq: 0, steal }
  return {
    atUs: atS * 1e6,
    host: { totals: {}, gauges: {}, softnet: null, cpu },
    ownCpuUs: ownCpuS * 1e6,
  }
}

const quiet = {
  before: moment(0, 0, 0),
  after: moment(10, 1_400, 4),
  childrenCpuUs: 10e6,
  verdict: { value: 'VALID', reasons: [] },
  cores: 2,
} as const

describe('what disturbed a selftest', () => {
  it('is nothing where all CPU that was used was its own', () => {
    expect(disturbancesOf(quiet)).toEqual([])
  })

  it('is CPU of others, in cores', () => {
    const facts = { ...quiet, after: moment(10, 1_900, 4) }
    expect(foreignCores(facts)).toBeCloseTo(0.5)
    expect(disturbancesOf(facts)).toEqual(['other processes used 0.50 of 2 cores'])
  })

  it('is time that the hypervisor took', () => {
    const facts = { ...quiet, after: moment(10, 1_400, 4, 50) }
    expect(disturbancesOf(facts)).toEqual(['the hypervisor took 2.5 % of the CPU time'])
  })

  it('is a verdict that is not VALID, and a host with one core', () => {
    const verdict = { value: 'SUSPECT', reasons: ['it lagged'] } as const
    expect(disturbancesOf({ ...quiet, verdict, cores: 1, after: moment(10, 0, 4) })).toEqual([
      'generator and server share 1 core: each needs one of its own',
      'bench calls itself SUSPECT: it lagged',
    ])
  })

  it('is not guessed where the host does not tell', () => {
    const blind = { ...quiet.after, host: { ...quiet.after.host, cpu: null } }
    expect(foreignCores({ ...quiet, after: blind })).toBeNull()
    expect(disturbancesOf({ ...quiet, after: blind })).toEqual([])
  })
})
