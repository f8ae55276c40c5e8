import { describe, expect, it } from 'vitest'
import { describeShards, mergeGc, sumCounters, sumMemory } from '../../src/server/node-sample.ts'
import { type SampledShard, ShardLedger } from '../../src/server/shard-ledger.ts'
import type { ShardSample } from '../../src/server/shard-messages.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import { stubShard } from './shard-stub.ts'

const MIB = 1 << 20

function recorderOf(...values: number[]): Uint8Array {
  const recorder = new LatencyRecorder()
  for (const value of values) recorder.recordUs(value)
  return recorder.encode()
}

function sample(factor: number, closes: Record<string, number> = {}): ShardSample {
  return {
    totals: {
      connectionsAccepted: 10 * factor,
      connectionsOpen: 9 * factor,
      devicesOnline: 8 * factor,
      framesReceived: 7 * factor,
      messagesSent: 6 * factor,
      heartbeats: 5 * factor,
      bytesReceived: 4 * factor,
      bytesSent: 3 * factor,
      bufferedBytes: 2 * factor,
      acceptsDeferred: factor,
      closes,
      refusals: { overloaded: factor },
    },
    histograms: {
      gc: [{ kind: 'minor', encoded: recorderOf(100 * factor), longest: new Float64Array() }],
      loopLag: recorderOf(1_000 * factor),
    },
    census: null,
    loopLagUs: 0,
    rssBytes: 50 * MIB * factor,
    heapUsedBytes: MIB * factor,
    externalBytes: 2 * MIB * factor,
    cpuUs: factor,
  }
}

const threads: SampledShard[] = [
  { shard: stubShard(0), sample: sample(1, { kicked: 2, 'peer-end': 1 }) },
  { shard: stubShard(1), sample: sample(10, { kicked: 3 }) },
]
const processes: SampledShard[] = [{ shard: stubShard(2, 'process'), sample: sample(2) }]

describe('the sample of a node', () => {
  it('sums the counters of its shards, closes by name', () => {
    const main = {
      hellosAccepted: 12,
      hellosRefused: { 'node-full': 4 },
      pushesAccepted: 13,
      refusals: { overloaded: 1, 'broadcast-overloaded': 2 },
    }
    expect(sumCounters(threads, [], main)).toEqual({
      connectionsAccepted: 110,
      connectionsOpen: 99,
      devicesOnline: 88,
      hellosAccepted: 12,
      hellosRefused: { 'node-full': 4 },
      closes: { kicked: 5, 'peer-end': 1 },
      framesReceived: 77,
      messagesSent: 66,
      pushesAccepted: 13,
      bytesReceived: 44,
      bytesSent: 33,
      heartbeats: 55,
      bufferedBytes: 22,
      acceptsDeferred: 11,
      refusals: { overloaded: 12, 'broadcast-overloaded': 2 },
    })
  })

  it('counts the memory of a process once, and the heap of every thread', () => {
    const main = sample(3)
    expect(sumMemory(threads, main)).toEqual({
      rssBytes: 150 * MIB,
      heapUsedBytes: 14 * MIB,
      externalBytes: 28 * MIB,
    })
    expect(sumMemory(processes, main)).toMatchObject({ rssBytes: 250 * MIB })
  })

  it('merges pauses and loop lag of main thread and shards', () => {
    const merged = mergeGc(threads, [], sample(3))
    expect(merged.known).toBe(true)
    expect(merged.loop_lag).toMatchObject({ count: 3, max: expect.closeTo(10_000, -2) })
    expect(merged.kinds).toMatchObject([{ kind: 'minor', pauses: { count: 3 } }])
  })

  it('describes a shard, and says of one that died or is silent what it is', () => {
    const ledger = new ShardLedger()
    const { shard } = processes[0]!
    ledger.record(shard, sample(2))
    const describe = () => describeShards([shard], ledger, () => 3)[0]
    expect(describe()).toEqual({
      index: 2,
      kind: 'process',
      pid: 1002,
      engine: 'node',
      state: 'up',
      restarts: 3,
      connectionsOpen: 18,
      devicesOnline: 16,
      rssBytes: 100 * MIB,
      cpuUs: 2,
    })
    ledger.record(shard, null)
    expect(describe()).toMatchObject({ state: 'silent', connectionsOpen: 18 })
    const dead = { ...shard, isAlive: false }
    ledger.bury(shard)
    expect(describeShards([dead], ledger, () => 3)[0]).toMatchObject({
      state: 'down',
      connectionsOpen: 0,
      rssBytes: 0,
      cpuUs: 2,
    })
  })
})
