import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeGc, NO_TOTALS, sumCounters } from '../../src/server/node-sample.ts'
import { ShardLedger } from '../../src/server/shard-ledger.ts'
import type { ShardSample } from '../../src/server/shard-messages.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import { stubShard } from './shard-stub.ts'

const MAIN = { hellosAccepted: 0, hellosRefused: {}, pushesAccepted: 0, refusals: {} }

function encodedOf(values: number): Uint8Array {
  const recorder = new LatencyRecorder()
  recorder.recordUsCount(50, values)
  return recorder.encode()
}

function sampleOf(frames: number, open: number, withHistograms = true): ShardSample {
  return {
    totals: { ...NO_TOTALS, framesReceived: frames, connectionsOpen: open, closes: { kicked: 1 } },
    histograms: withHistograms
      ? {
          gc: [{ kind: 'minor', encoded: encodedOf(frames), longest: new Float64Array() }],
          loopLag: encodedOf(frames),
        }
      : null,
    census: null,
    loopLagUs: 0,
    rssBytes: 0,
    heapUsedBytes: 0,
    externalBytes: 0,
    cpuUs: frames,
  }
}

const idle: ShardSample = { ...sampleOf(0, 0, false) }

describe('the ledger of shards', () => {
  it('never lets a counter step back, whoever dies or is silent; gauges end with their shard', () => {
    const step = fc.record({
      place: fc.integer({ min: 0, max: 2 }),
      what: fc.constantFrom('grow', 'die', 'silent'),
      by: fc.integer({ min: 1, max: 50 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ledger = new ShardLedger()
        const places = [0, 1, 2].map((index) => ({ shard: stubShard(index), frames: 0, open: 0 }))
        let before = 0
        let lagBefore = 0
        for (const { place, what, by } of steps) {
          const at = places[place]!
          if (what === 'grow') {
            at.frames += by
            at.open = by
            ledger.record(at.shard, sampleOf(at.frames, at.open))
          } else if (what === 'silent') ledger.record(at.shard, null)
          else {
            at.shard.isAlive = false
            ledger.bury(at.shard)
            places[place] = { shard: stubShard(place), frames: 0, open: 0 }
          }
          const counters = sumCounters(ledger.latest, ledger.legacies, MAIN)
          const lag = mergeGc(ledger.latest, ledger.legacies, idle).loop_lag!.count
          expect(counters.framesReceived).toBeGreaterThanOrEqual(before)
          expect(lag).toBeGreaterThanOrEqual(lagBefore)
          expect(counters.connectionsOpen).toBe(places.reduce((sum, { open }) => sum + open, 0))
          before = counters.framesReceived
          lagBefore = lag
        }
      }),
      { numRuns: 30 },
    )
  })

  it('forgets what a shard answers after its death was told', () => {
    const ledger = new ShardLedger()
    const shard = stubShard(0)
    ledger.record(shard, sampleOf(5, 5))
    shard.isAlive = false
    ledger.bury(shard)
    ledger.record(shard, sampleOf(6, 6))
    expect(sumCounters(ledger.latest, ledger.legacies, MAIN)).toMatchObject({
      framesReceived: 5,
      connectionsOpen: 0,
      closes: { kicked: 1 },
    })
  })
})
