import { EventEmitter, once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AlignedTicker, nextTickUs } from '../../src/stats/aligned-ticker.ts'
import { nowUs } from '../../src/stats/clock.ts'

const momentUs = fc.double({ min: 0, max: 1e13, noNaN: true })
const periodMs = fc.integer({ min: 1, max: 5_000 })
const phase = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('the next tick is later than now, by a period at the most', () => {
  fc.assert(
    fc.property(momentUs, periodMs, phase, (afterUs, period, at) => {
      const waitUs = nextTickUs(afterUs, period, at) - afterUs
      expect(waitUs).toBeGreaterThan(-0.01)
      expect(waitUs).toBeLessThanOrEqual(period * 1000 + 0.01)
    }),
  )
})

test('ticks of shards side by side are as far apart as the period allows', () => {
  const ticks = [0, 1, 2, 3].map((shard) => nextTickUs(10e6, 1_000, shard / 4) % 1e6)
  expect(ticks).toEqual([0, 250_000, 500_000, 750_000])
})

test('each tick says when it was due: whole periods apart, at the phase, never early', async () => {
  const ticks: { dueUs: number; atUs: number }[] = []
  const events = new EventEmitter()
  const ticker = new AlignedTicker(10, 0.5, (dueUs) => {
    ticks.push({ dueUs, atUs: nowUs() })
    if (ticks.length === 4) events.emit('enough')
  })
  // The ticker alone would not keep the loop alive.
  const hold = setInterval(() => {}, 1_000)
  ticker.start()
  await once(events, 'enough')
  ticker.stop()
  clearInterval(hold)
  for (const { dueUs, atUs } of ticks) {
    expect(Math.round(dueUs) % 10_000).toBe(5_000)
    expect(atUs).toBeGreaterThanOrEqual(dueUs)
  }
})

test('a ticker that was stopped does not tick, and one started twice ticks once', async () => {
  const stopped = countingTicker()
  const twice = countingTicker()
  stopped.ticker.start()
  stopped.ticker.stop()
  twice.ticker.start()
  twice.ticker.start()
  await after(25)
  twice.ticker.stop()
  expect(stopped.dues).toEqual([])
  expect(twice.dues.length).toBeGreaterThan(0)
  expect(new Set(twice.dues).size).toBe(twice.dues.length)
})

function countingTicker() {
  const dues: number[] = []
  return { dues, ticker: new AlignedTicker(5, 0, (dueUs) => dues.push(dueUs)) }
}
