import { describe, expect, it } from 'vitest'
import { NO_GUARD } from '../../../src/server/guard/guard-settings.ts'
import { NodeGuard } from '../../../src/server/guard/node-guard.ts'
import { NO_TOTALS } from '../../../src/server/node-sample.ts'
import type { ShardSample } from '../../../src/server/shard-messages.ts'
import { stubShard } from '../shard-stub.ts'

const MIB = 1024 * 1024

function sampleOf(lagMs: number): ShardSample {
  return {
    totals: NO_TOTALS,
    histograms: null,
    census: null,
    loopLagUs: lagMs * 1000,
    rssBytes: 0,
    heapUsedBytes: 0,
    externalBytes: 0,
    cpuUs: 0,
  }
}

function setUp() {
  const shards = [stubShard(0), stubShard(1)] as const
  const guard = new NodeGuard({ ...NO_GUARD, memoryBytesMax: 100 * MIB, loopLagMsMax: 1_000 })
  let nowMs = 0
  const look = (memoryMib: number, ...lagsMs: number[]) => {
    nowMs += 1_000
    const sampled = lagsMs.map((lagMs, index) => ({
      shard: shards[index]!,
      sample: sampleOf(lagMs),
    }))
    guard.observe(nowMs, sampled, { memoryBytes: memoryMib * MIB, loopLagUs: 0 })
  }
  return { guard, shards, look }
}

describe('the guard of a node', () => {
  it('tells shards their level when one changes, and not at every look', () => {
    const { guard, shards, look } = setUp()
    look(50, 0, 0)
    look(92, 0, 0)
    look(92, 0, 0)
    expect(shards.map(({ posted }) => posted)).toEqual([
      [{ kind: 'load', level: 2 }],
      [{ kind: 'load', level: 2 }],
    ])
    expect(guard.notReadyReason).toBe('overloaded: memory 92 MiB of 100 MiB')
  })

  it('tells one that lags its own level, while the node stays ready', () => {
    const { guard, shards, look } = setUp()
    look(50, 1_500, 0)
    look(50, 1_500, 0)
    expect(shards.map(({ posted }) => posted.at(-1))).toEqual([
      { kind: 'load', level: 2 },
      undefined,
    ])
    expect([guard.notReadyReason, guard.describe()]).toMatchObject([
      '',
      {
        level: 0,
        shards: [
          { index: 0, level: 2 },
          { index: 1, level: 0 },
        ],
      },
    ])
  })

  it('refuses broadcasts at level 3 only, and counts them', () => {
    const { guard, look } = setUp()
    look(95, 0, 0)
    guard.admitBroadcast()
    look(100, 0, 0)
    expect(() => guard.admitBroadcast()).toThrow('overloaded: memory 100 MiB of 100 MiB')
    expect(guard.refusals.snapshot()).toEqual({ 'broadcast-overloaded': 1 })
  })

  it('tells a shard that comes back its level with the next look', () => {
    const { guard, shards, look } = setUp()
    look(92, 0, 0)
    guard.onShardLost(1)
    look(92, 0)
    look(92, 0, 0)
    expect(shards[1].posted).toEqual([
      { kind: 'load', level: 2 },
      { kind: 'load', level: 2 },
    ])
  })
})
