import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RunSteering } from '../../src/loadgen/run-steering.ts'
import type { ShardDown, SteadyStage } from '../../src/loadgen/shard-messages.ts'
import { SteadyState } from '../../src/loadgen/steady-state.ts'
import { nowUs } from '../../src/stats/clock.ts'

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime', 'performance'] }),
)
afterEach(() => void vi.useRealTimers())

/** Shards that only hear, and wait as ShardGroup does. */
class Shards {
  readonly told: ShardDown[] = []
  readonly #watchers = new Set<() => void>()

  tell(message: ShardDown): void {
    this.told.push(message)
  }

  wake(): void {
    for (const look of [...this.#watchers]) look()
  }

  waitUntil(condition: () => boolean, limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        resolve(condition())
      }
      const look = (): void => void (condition() && finish())
      const timer = setTimeout(finish, limitMs)
      this.#watchers.add(look)
    })
  }
}

function stateOf(durationMs: number) {
  const startUs = nowUs()
  const endUs = startUs + durationMs * 1000
  const stage = { startUs, measureFromUs: startUs, endUs } as SteadyStage
  const [shards, steering, extended] = [new Shards(), new RunSteering(), [] as number[]]
  const publisher = { extend: (us: number) => void extended.push(us) }
  const { signal } = new AbortController()
  const isOver = (): boolean => false
  const state = new SteadyState({ shards, publisher, signal, steering, isOver }, stage)
  steering.begin(startUs, () => state.steer())
  let isReached = false
  const reached = state.reach('endUs').then(() => (isReached = true))
  return { state, shards, steering, extended, startUs, reached, isReached: () => isReached }
}

it('ends when its time is over', async () => {
  const { isReached } = stateOf(10_000)
  await vi.advanceTimersByTimeAsync(9_990)
  expect(isReached()).toBe(false)
  await vi.advanceTimersByTimeAsync(20)
  expect(isReached()).toBe(true)
})

it('held, it lasts until it is released, and then as long as it had left', async () => {
  const { state, shards, steering, extended, startUs, isReached } = stateOf(10_000)
  await vi.advanceTimersByTimeAsync(4_000)
  steering.hold()
  expect(state.measuredMs).toBeNull()
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(isReached()).toBe(false)
  steering.release()
  expect(state.measuredMs).toBeCloseTo(3_610_000, -1)
  await vi.advanceTimersByTimeAsync(5_990)
  expect(isReached()).toBe(false)
  await vi.advanceTimersByTimeAsync(20)
  expect(isReached()).toBe(true)
  expect(shards.told.map(({ kind }) => kind)).toEqual(['extend', 'extend'])
  expect(extended.at(-1)).toBeCloseTo(startUs + 3_610_000_000, -4)
})

it('is not held at its very end, when threads may have come to it', async () => {
  const { shards, steering, isReached } = stateOf(10_000)
  await vi.advanceTimersByTimeAsync(9_800)
  steering.hold()
  await vi.advanceTimersByTimeAsync(210)
  expect([isReached(), shards.told]).toEqual([true, []])
})

it('ends for another rate, once nobody has asked for yet another for a second', async () => {
  const { steering, isReached } = stateOf(10_000)
  for (const rate of [10, 20, 30]) {
    steering.askRate(rate)
    await vi.advanceTimersByTimeAsync(900)
  }
  expect(isReached()).toBe(false)
  await vi.advanceTimersByTimeAsync(110)
  expect(isReached()).toBe(true)
  expect(steering.takeRate()).toBe(30)
  expect(steering.done).toMatchObject([{ what: 'rate', rate_wanted: 30 }])
})

it('ends at once when it is stopped, held or not', async () => {
  const { steering, isReached } = stateOf(10_000)
  steering.hold()
  steering.stop()
  await vi.advanceTimersByTimeAsync(0)
  expect(isReached()).toBe(true)
  expect(steering.done.map(({ what }) => what)).toEqual(['hold', 'stop'])
})
