import { describe, expect, it } from 'vitest'
import { FailureTally } from '../../src/loadgen/failure-tally.ts'

describe('failure tally', () => {
  it('has one row per phase and cause, with the first time and its sample', () => {
    const tally = new FailureTally()
    tally.add('hello', 'timeout', 5_000_000, () => 'second')
    tally.add('connect', 'ECONNREFUSED', 3_000_000, () => 'a')
    tally.add('connect', 'ECONNREFUSED', 4_000_000, () => 'b')
    expect(tally.count).toBe(3)
    expect(tally.report(2_000_000)).toEqual([
      { phase: 'connect', cause: 'ECONNREFUSED', count: 2, first_ms: 1_000, sample: 'a' },
      { phase: 'hello', cause: 'timeout', count: 1, first_ms: 3_000, sample: 'second' },
    ])
  })

  it('merges rows of shards and keeps the earliest sample', () => {
    const tally = new FailureTally()
    tally.addRows([{ phase: 'idle', cause: 'peer-end', count: 2, firstUs: 9e6, sample: 'late' }])
    tally.addRows([{ phase: 'idle', cause: 'peer-end', count: 3, firstUs: 8e6, sample: 'early' }])
    expect(tally.report(0)).toEqual([
      { phase: 'idle', cause: 'peer-end', count: 5, first_ms: 8_000, sample: 'early' },
    ])
  })

  it('is bounded: beyond 100 causes the rest is counted as other', () => {
    const tally = new FailureTally()
    for (let index = 0; index < 500; index++) tally.add('hello', `cause ${index}`, index)
    expect(tally.rows()).toHaveLength(101)
    expect(tally.rows()[0]).toMatchObject({ cause: 'other', count: 400 })
    expect(tally.count).toBe(500)
  })
})
