import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BroadcastLedger } from '../../src/loadgen/broadcast-ledger.ts'
import { countBroadcasts } from '../../src/loadgen/delivery-count.ts'
import type { ShardResult, SteadyStage } from '../../src/loadgen/shard-messages.ts'

/** One broadcast a second from 1,000,000 on. */
const stage: SteadyStage = {
  startUs: 1e6,
  measureFromUs: 1e6,
  endUs: 11e6,
  turnover: null,
  arrivals: null,
  broadcasts: { kind: 'constant', eventsPerSecond: 1, stageUs: 10e6 },
}

function resultOf(established: number, endedUs: readonly number[], ledger: BroadcastLedger) {
  const part = { established, endedUs: Float64Array.from(endedUs), ledger: ledger.columns() }
  return part as unknown as ShardResult
}

describe('broadcast deliveries', () => {
  it('are owed to the connections that were up when each was due', () => {
    const shards = [
      resultOf(10, [2.5e6, 1.5e6], new BroadcastLedger()),
      resultOf(5, [2.6e6], new BroadcastLedger()),
    ]
    // Due at 1, 2 and 3 s: 15 receivers, then 14, then 12.
    expect(countBroadcasts(shards, stage, 1, 3).expected).toBe(15 + 14 + 12)
    expect(countBroadcasts(shards, stage, 3, 3).expected).toBe(12)
    expect(countBroadcasts(shards, stage, 4, 3).expected).toBe(0)
  })

  it('give the first and the last receiver over all shards', () => {
    const one = new BroadcastLedger()
    const other = new BroadcastLedger()
    one.record(1, 2, 1_000_400, 1_000_000, 1_000_100)
    other.record(1, 1, 1_000_300, 1_000_000, 1_000_100)
    other.record(1, 1, 1_000_900, 1_000_000, 1_000_100)
    const shards = [resultOf(2, [], one), resultOf(2, [], other)]
    const { first, all } = countBroadcasts(shards, stage, 1, 1)
    expect(first.report().response.p50).toBe(300)
    expect(first.report().service.p50).toBe(200)
    expect(all.report().response.p50).toBe(900)
  })

  it('have no last receiver while one is missing', () => {
    const ledger = new BroadcastLedger()
    ledger.record(1, 3, 1_000_400, 1_000_000, 1_000_000)
    const { first, all } = countBroadcasts([resultOf(4, [], ledger)], stage, 1, 1)
    expect([first.response.count, all.response.count]).toEqual([1, 0])
  })
})

describe('broadcast ledger', () => {
  it('merges as if all had been recorded in one', () => {
    const record = fc.record({
      seq: fc.integer({ min: 1, max: 700 }),
      count: fc.integer({ min: 1, max: 9 }),
      atUs: fc.integer({ min: 1, max: 1e9 }),
      shard: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60 }), (records) => {
        const whole = new BroadcastLedger()
        const parts = [0, 1, 2, 3].map(() => new BroadcastLedger())
        for (const { seq, count, atUs, shard } of records) {
          whole.record(seq, count, atUs, seq, seq + 1)
          parts[shard].record(seq, count, atUs, seq, seq + 1)
        }
        const merged = new BroadcastLedger()
        for (const part of parts) merged.merge(part.columns())
        expect(merged.columns()).toEqual(whole.columns())
      }),
    )
  })
})
