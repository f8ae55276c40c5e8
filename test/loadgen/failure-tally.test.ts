import { describe, expect, it } from 'vitest'
import { FailureTally } from '../../src/loadgen/failure-tally.ts'

describe('failure tally', () => {
  it('has one row per phase and cause, with the first time and its sample', () => {
    const tally = new FailureTally()
    tally.add('hello', 'timeout', '', 5_000_000, () => 'second')
    tally.add('connect', 'ECONNREFUSED', '', 3_000_000, () => 'a')
    tally.add('connect', 'ECONNREFUSED', '', 4_000_000, () => 'b')
    expect(tally.count).toBe(3)
    expect(tally.report(2_000_000)).toEqual([
      { phase: 'connect', cause: 'ECONNREFUSED', count: 2, first_ms: 1_000, sample: 'a' },
      { phase: 'hello', cause: 'timeout', count: 1, first_ms: 3_000, sample: 'second' },
    ])
  })

  it('tells source addresses apart where they were chosen', () => {
    const tally = new FailureTally()
    tally.add('connect', 'EADDRNOTAVAIL', '127.0.1.1', 0)
    tally.add('connect', 'EADDRNOTAVAIL', '127.0.1.2', 0)
    tally.add('connect', 'EADDRNOTAVAIL', '127.0.1.1', 0)
    expect(tally.report(0)).toMatchObject([
      { cause: 'EADDRNOTAVAIL', source: '127.0.1.1', count: 2 },
      { cause: 'EADDRNOTAVAIL', source: '127.0.1.2', count: 1 },
    ])
  })

  it('merges rows of shards and keeps the earliest sample', () => {
    const row = { phase: 'idle', cause: 'peer-end', source: '' }
    const tally = new FailureTally()
    tally.addRows([{ ...row, count: 2, firstUs: 9e6, sample: 'late' }])
    tally.addRows([{ ...row, count: 3, firstUs: 8e6, sample: 'early' }])
    expect(tally.report(0)).toEqual([
      { phase: 'idle', cause: 'peer-end', count: 5, first_ms: 8_000, sample: 'early' },
    ])
  })

  it('is bounded: beyond 500 rows the rest is counted as other', () => {
    const tally = new FailureTally()
    for (let index = 0; index < 900; index++) {
      tally.add('hello', `cause ${index}`, '127.0.1.1', index)
    }
    expect(tally.rows()).toHaveLength(501)
    expect(tally.rows()[0]).toMatchObject({ cause: 'other', count: 400 })
    expect(tally.count).toBe(900)
  })
})
