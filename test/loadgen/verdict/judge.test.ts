import { describe, expect, it } from 'vitest'
import { judge } from '../../../src/loadgen/verdict/judge.ts'
import { HEALTHY, HEALTHY_HOST, HEALTHY_THREAD, UNKNOWN_HOST } from './healthy-facts.ts'

describe('verdict', () => {
  it('is VALID without reasons for a healthy generator', () => {
    expect(judge(HEALTHY)).toEqual({ value: 'VALID', reasons: [] })
  })

  it('is VALID where nothing is known and nothing was sent', () => {
    const nothing = {
      ...HEALTHY,
      planned: 0,
      threads: [{ ...HEALTHY_THREAD, cpuShare: null, waitShare: null, loopLagUsP99: null }],
      latencies: { count: 0, clamped: 0 },
      host: UNKNOWN_HOST,
      hostInAll: UNKNOWN_HOST,
      measuredSeconds: 0,
    }
    expect(judge(nothing)).toEqual({ value: 'VALID', reasons: [] })
  })

  it('is the worst doubt, says that first, and names them all', () => {
    const verdict = judge({
      ...HEALTHY,
      late: 200,
      threads: [{ ...HEALTHY_THREAD, loopLagUsP99: 400_000 }],
      host: { ...HEALTHY_HOST, cpu_steal_percent: 5 },
      shardsLost: 1,
    })
    expect(verdict.value).toBe('INVALID')
    expect(verdict.reasons).toHaveLength(4)
    expect(verdict.reasons[0]).toContain('lagged 400 ms')
  })
})
