import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type Hold,
  mergeHolds,
  parseConnectionStages,
  parseRateStages,
} from '../../../src/commands/bench/load-stages.ts'

it('reads stages as they are typed', () => {
  expect(parseConnectionStages(['30s@50k', ' 2m @ 200k'])).toEqual([
    { durationMs: 30_000, value: 50_000 },
    { durationMs: 120_000, value: 200_000 },
  ])
  expect(parseRateStages(['1m@500/s', '1s@30k/m'])).toEqual([
    { durationMs: 60_000, value: 500 },
    { durationMs: 1_000, value: 500 },
  ])
})

it.each(['50k', '30s@', '@5', '30s@x', '30@5', '1ms@5', '30s@5@6', '30s@0', ''])(
  'refuses %j with what would do',
  (text) => {
    expect(() => parseConnectionStages(['1s@1', text])).toThrow(
      `--stages must be a time of at least 100ms, @ and a value, got ${JSON.stringify(text)}`,
    )
  },
)

it('cuts two timelines where either changes; the last value of the shorter one stays', () => {
  const connections = parseConnectionStages(['30s@1k', '30s@2k'])
  const rates = parseRateStages(['20s@100', '40s@200'])
  expect(mergeHolds(connections, rates)).toEqual([
    { durationMs: 20_000, connections: 1_000, messagesPerSecond: 100 },
    { durationMs: 10_000, connections: 1_000, messagesPerSecond: 200 },
    { durationMs: 30_000, connections: 2_000, messagesPerSecond: 200 },
  ])
  expect(mergeHolds(connections, []).map((hold) => hold.messagesPerSecond)).toEqual([null, null])
  expect(mergeHolds([], [])).toEqual([])
  const longer = mergeHolds(connections, parseRateStages(['90s@7']))
  expect(longer.map((hold) => [hold.durationMs, hold.connections])).toEqual([
    [30_000, 1_000],
    [30_000, 2_000],
    [30_000, 2_000],
  ])
})

it('merged holds are as long as the longer timeline, and hold what each says at any time', () => {
  const holds = fc.array(
    fc.record({ durationMs: fc.integer({ min: 1, max: 50 }), value: fc.integer() }),
    { minLength: 1, maxLength: 8 },
  )
  const valueAt = (timeline: readonly Hold[], atMs: number): number => {
    let endMs = 0
    for (const hold of timeline) {
      endMs += hold.durationMs
      if (atMs < endMs) return hold.value
    }
    return timeline[timeline.length - 1]!.value
  }
  const lengthOf = (timeline: readonly { durationMs: number }[]): number =>
    timeline.reduce((sum, { durationMs }) => sum + durationMs, 0)
  fc.assert(
    fc.property(holds, holds, (connections, rates) => {
      const merged = mergeHolds(connections, rates)
      expect(lengthOf(merged)).toBe(Math.max(lengthOf(connections), lengthOf(rates)))
      let atMs = 0
      for (const hold of merged) {
        for (const moment of [atMs, atMs + hold.durationMs - 1]) {
          expect(hold.connections).toBe(valueAt(connections, moment))
          expect(hold.messagesPerSecond).toBe(valueAt(rates, moment))
        }
        atMs += hold.durationMs
      }
    }),
  )
})
