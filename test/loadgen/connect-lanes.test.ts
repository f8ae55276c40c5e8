import { expect, test } from 'vitest'
import { type ConnectingShards, connectInLanes } from '../../src/loadgen/connect-lanes.ts'
import type { ShardDown, ShardProgress } from '../../src/loadgen/shard-messages.ts'
import type { ShardState } from '../../src/loadgen/shard-group.ts'
import { nowUs } from '../../src/stats/clock.ts'

interface Told {
  readonly shard: number
  readonly startUs: number
  readonly atUs: number
}

/** Shards that are done when the test says so. */
class Stage implements ConnectingShards {
  readonly states: ShardState[]
  readonly told: Told[] = []
  onTold: (shard: number) => void = () => {}
  failed = 0
  #look = (): void => {}

  constructor(counts: readonly number[]) {
    this.states = counts.map(
      (connections, index) =>
        ({ index, connections, isConnected: false, lost: null }) as unknown as ShardState,
    )
  }

  sum(read: (progress: ShardProgress) => number): number {
    const established = this.states.filter(({ isConnected }) => isConnected).length
    return read({ failed: this.failed, established } as ShardProgress)
  }

  tellOne({ index }: ShardState, message: ShardDown): void {
    if (message.kind !== 'connect') return
    this.told.push({ shard: index, startUs: message.startUs, atUs: nowUs() })
    this.onTold(index)
  }

  finish(...shards: readonly number[]): void {
    for (const shard of shards) this.states[shard].isConnected = true
    this.#look()
  }

  look(): void {
    this.#look()
  }

  waitUntil(condition: () => boolean, limitMs: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer)
        this.#look = () => {}
        resolve(condition())
      }
      const timer = setTimeout(settle, limitMs)
      signal?.addEventListener('abort', settle, { once: true })
      this.#look = () => {
        if (condition()) settle()
      }
      this.#look()
    })
  }

  get shardsTold(): number[] {
    return this.told.map(({ shard }) => shard)
  }
}

const order = (startUs: number) => ({ startUs, connectsPerSecond: 2_000, lanes: 2, extraMs: 5_000 })
const { signal } = new AbortController()

test('a group starts when the one before is done and its time is over', async () => {
  const stage = new Stage([10, 10, 10])
  stage.onTold = (shard) => setImmediate(() => stage.finish(shard))
  const startUs = nowUs()
  await connectInLanes(stage, order(startUs), signal)
  expect(stage.shardsTold).toEqual([0, 1, 2])
  const [first, second, third] = stage.told
  expect(second.startUs).toBe(first.startUs)
  // 20 connections at 2,000/s come before it; a timer may be early by its grain.
  expect(third.atUs).toBeGreaterThanOrEqual(startUs + 8_000)
  expect(third.startUs).toBeGreaterThanOrEqual(first.startUs)
})

test('a group waits for one that is slower than planned, and its schedule slips', async () => {
  const stage = new Stage([1, 1, 1])
  const startUs = nowUs() - 1e6
  const lanes = connectInLanes(stage, order(startUs), signal)
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(stage.shardsTold).toEqual([0, 1])
  stage.finish(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(stage.shardsTold).toEqual([0, 1])
  const doneUs = nowUs()
  stage.onTold = (shard) => setImmediate(() => stage.finish(shard))
  stage.finish(1)
  await lanes
  expect(stage.shardsTold).toEqual([0, 1, 2])
  // Position 2 is due 1 ms after the start that the shard is told.
  expect(stage.told[2].startUs).toBeGreaterThanOrEqual(doneUs - 1_000)
})

test('a lost shard holds nobody up and is told nothing', async () => {
  const stage = new Stage([1, 1, 1, 1])
  stage.states[1].lost = { code: 1, signal: null, error: null } as never
  stage.states[2].lost = { code: 1, signal: null, error: null } as never
  stage.onTold = (shard) => setImmediate(() => stage.finish(shard))
  await connectInLanes(stage, order(nowUs()), signal)
  expect(stage.shardsTold).toEqual([0, 3])
})

test('the others do not try where nothing comes up', async () => {
  const stage = new Stage([100, 100, 100])
  stage.onTold = () => {
    stage.failed = 20
    setImmediate(() => stage.look())
  }
  await connectInLanes(stage, order(nowUs()), signal)
  expect(stage.shardsTold).toEqual([0, 1])
})

test('an interruption ends it between two groups', async () => {
  const interruption = new AbortController()
  const stage = new Stage([1, 1, 1])
  const lanes = connectInLanes(stage, order(nowUs()), interruption.signal)
  setImmediate(() => interruption.abort())
  await lanes
  expect(stage.shardsTold).toEqual([0, 1])
})
