import { expect, it } from 'vitest'
import { NodeDrain } from '../../src/server/node-drain.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import { type StubShard, stubShard } from './shard-stub.ts'

function setUp(...devices: number[]) {
  const shards = devices.map((_, index) => stubShard(index))
  const admission = { closedWith: 0 }
  const ledger = { latest: sampled(shards, devices) }
  let restarts = true
  let changes = 0
  const drain = new NodeDrain({
    group: { alive: shards, stopRestarting: () => (restarts = false) },
    admission,
    ledger,
    onChange: () => changes++,
  })
  return {
    ...{ shards, admission, drain },
    count: (...counts: number[]) => {
      ledger.latest = sampled(shards, counts)
      drain.divide()
    },
    isRestarting: () => restarts,
    changes: () => changes,
  }
}

function sampled(shards: readonly StubShard[], devices: readonly number[]) {
  return shards.map((shard, i) => ({ shard, sample: { totals: { devicesOnline: devices[i]! } } }))
}

/** Rates that the shards were told last. */
function ratesOf(shards: readonly StubShard[]): number[] {
  return shards.map(({ posted }) => {
    const last = posted.at(-1)!
    return 'devicesPerSecond' in last ? last.devicesPerSecond : Number.NaN
  })
}

const ORDER = { devicesPerSecond: 100, code: BYE.DRAIN, addresses: [] }

it('divides its rate by what each shard holds, anew with each count', () => {
  const { drain, shards, count } = setUp(300, 100)
  void drain.begin(ORDER)
  expect(ratesOf(shards)).toEqual([75, 25])
  count(100, 100)
  expect(ratesOf(shards)).toEqual([50, 50])
})

it('gives the rate of a shard that is empty to the others', () => {
  const { drain, shards, count } = setUp(100, 100)
  void drain.begin(ORDER)
  drain.onDrained(shards[0]!)
  count(0, 80)
  expect(ratesOf(shards)).toEqual([50, 100])
})

it('never asks a shard for all at once that seems to have none', () => {
  const { drain, shards } = setUp(0, 50)
  void drain.begin(ORDER)
  expect(Math.min(...ratesOf(shards))).toBeGreaterThan(0)
})

it('divides equally while nothing is known', () => {
  const { drain, shards } = setUp(0, 0)
  void drain.begin(ORDER)
  expect(ratesOf(shards)).toEqual([50, 50])
})

it('is over when the last shard has none left', async () => {
  const { drain, shards, changes } = setUp(1, 1)
  let isOver = false
  const begun = drain.begin(ORDER).then(() => (isOver = true))
  drain.onDrained(shards[0]!)
  await Promise.resolve()
  expect(isOver).toBe(false)
  drain.onDrained(shards[1]!)
  await begun
  expect([drain.isOn, changes()]).toEqual([true, 2])
})

it('is taken back: devices are let in again, and nobody is waited for', async () => {
  const { drain, shards, admission, changes } = setUp(100, 100)
  const begun = drain.begin(ORDER)
  expect([admission.closedWith, drain.isOn, changes()]).toEqual([BYE.DRAIN, true, 1])
  expect(drain.cancel()).toBe(true)
  await begun
  expect([admission.closedWith, drain.isOn, changes()]).toEqual([0, false, 2])
  expect(shards.map(({ posted }) => posted.at(-1)!.kind)).toEqual(['drain-stop', 'drain-stop'])
  expect([drain.cancel(), changes()]).toEqual([true, 2])
})

it('is not taken back in a shutdown, in which alone shards that die stay down', () => {
  const { drain, admission, isRestarting } = setUp(100)
  void drain.begin(ORDER)
  expect(isRestarting()).toBe(true)
  void drain.begin({ ...ORDER, code: BYE.SHUTDOWN })
  expect([drain.cancel(), admission.closedWith]).toEqual([false, BYE.SHUTDOWN])
  expect(isRestarting()).toBe(false)
})

it('is over at once where no shard runs', async () => {
  await setUp().drain.begin(ORDER)
})
