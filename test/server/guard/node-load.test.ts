import { describe, expect, it } from 'vitest'
import { CALM_MS } from '../../../src/server/guard/load-level.ts'
import { NodeLoad } from '../../../src/server/guard/node-load.ts'

const MIB = 1024 * 1024

function setUp(limits: { memoryBytesMax?: number; loopLagMsMax?: number } = {}) {
  const load = new NodeLoad({ memoryBytesMax: 0, loopLagMsMax: 0, ...limits })
  let nowMs = 0
  const look = (memoryMib: number, mainLagMs: number, ...lags: number[]) => {
    nowMs += 1_000
    load.observe(nowMs, {
      memoryBytes: memoryMib * MIB,
      mainLagMs,
      shards: lags.map((lagMs, index) => ({ index, lagMs })),
    })
    return [load.level, ...lags.map((_, index) => load.levelOf(index))]
  }
  const rest = () => {
    for (let ms = 0; ms <= 3 * CALM_MS; ms += 1_000) look(0, 0, 0, 0)
  }
  return { load, look, rest }
}

describe('the load of a node', () => {
  it('is 0 whatever happens where no limit is set', () => {
    const { look } = setUp()
    expect([look(1e6, 1e6, 1e6), look(1e6, 1e6, 1e6)]).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  it('is also told as a share of where HELLOs are refused, by what is nearest to it', () => {
    const { load, look } = setUp({ memoryBytesMax: 100 * MIB, loopLagMsMax: 100 })
    look(45, 0, 0)
    expect(load.share).toBeCloseTo(0.5)
    // A lag counts when two looks have seen it; of shards, where all have it.
    look(0, 80, 0)
    look(0, 80, 0)
    expect(load.share).toBeCloseTo(0.8)
    look(0, 0, 50, 70)
    look(0, 0, 50, 70)
    expect(load.share).toBeCloseTo(0.5)
    look(90, 0, 0)
    expect([load.share, load.level]).toEqual([1, 2])
  })

  it('rises with memory, says why, and falls when memory does', () => {
    const { load, look, rest } = setUp({ memoryBytesMax: 100 * MIB })
    expect([look(79, 0, 0), look(80, 0, 0), look(95, 0, 0), look(101, 0, 0)]).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    expect(load.reason).toBe('memory 101 MiB of 100 MiB')
    rest()
    expect([load.level, load.reason]).toEqual([0, ''])
  })

  it('does not take one stall for an overload', () => {
    const { look } = setUp({ loopLagMsMax: 1_000 })
    expect([look(0, 60_000, 60_000), look(0, 0, 0), look(0, 60_000, 60_000)]).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })

  it('rises with the lag of the main thread that lasts', () => {
    const { load, look } = setUp({ loopLagMsMax: 1_000 })
    look(0, 1_200, 0, 0)
    expect(look(0, 1_100, 0, 0)).toEqual([2, 2, 2])
    expect(load.reason).toBe('loop lag 1s100ms')
  })

  it('leaves the trouble of one shard in that shard', () => {
    const { load, look } = setUp({ loopLagMsMax: 1_000 })
    look(0, 0, 3_000, 10)
    expect(look(0, 0, 3_000, 10)).toEqual([0, 3, 0])
    look(0, 0, 3_000, 600)
    expect(look(0, 0, 3_000, 600)).toEqual([1, 3, 1])
    expect(load.reason).toBe('loop lag 600ms')
  })

  it('forgets a shard that died', () => {
    const { load, look } = setUp({ loopLagMsMax: 1_000 })
    look(0, 0, 10, 3_000)
    expect(look(0, 0, 10, 3_000)).toEqual([0, 0, 3])
    load.forgetShard(1)
    expect([load.levelOf(1), load.level]).toEqual([0, 0])
  })
})
