import { describe, expect, it } from 'vitest'
import { figuresOf } from '../../../src/commands/top/node-figures.ts'
import { rowOf } from '../../../src/commands/top/node-row.ts'
import { busyRow, documentOf, figuresWith, lookAt } from './sample-node.ts'

describe('a row of top', () => {
  it('has rates over the time between two looks, and what they cannot be taken of as it is', () => {
    expect(busyRow()).toMatchObject({
      name: 'push-1',
      state: 'ready',
      connections: 1_500,
      connectsPerSecond: 50,
      pushesPerSecond: 10,
      messagesPerSecond: 1_000,
      sentBytesPerSecond: 32_768,
      errorsPerSecond: 1,
      loopLagMs: 0.5,
      gcShare: 0.01,
      gcPauseMsMax: 8.5,
      level: 1,
      shards: 2,
      shardsUp: 1,
      closesPerSecond: { 'peer-end': 5, 'too-slow': 1 },
    })
  })

  it('takes the latency of the API from the interval alone', () => {
    // Of 100 answers in it 99 took up to 1 ms, one up to 100 ms.
    expect(busyRow().apiP99Ms).toBe(1)
  })

  it('has no rates of a node that started anew, of a first look and of no answer', () => {
    const figures = figuresWith(2)
    const anew = { ...figures, startedAtMs: 2_000 }
    for (const before of [null, lookAt(1_000, anew), lookAt(1_000, null)]) {
      const row = rowOf(lookAt(3_000, figures), before)
      expect([row.connections, row.messagesPerSecond, row.loopLagMs]).toEqual([1_500, null, null])
    }
    const dead = rowOf(lookAt(3_000, null, 'http://10.0.0.7:7002'), lookAt(1_000, figures))
    expect(dead).toMatchObject({ name: '10.0.0.7:7002', connections: null, state: 'no answer' })
  })

  it('of an older node shows what is there, and knows of the rest that it does not know', () => {
    const { name, counters } = documentOf(1) as { name: string; counters: object }
    const row = rowOf(lookAt(3_000, figuresOf({ name, counters })), null)
    expect([row.connections, row.rssBytes, row.level, row.shards]).toEqual([
      1_500,
      null,
      null,
      null,
    ])
  })

  it('is not made of a document that is none of a node', () => {
    for (const document of [null, 'x', [], { name: 'x' }, { name: 7, counters: {} }]) {
      expect(figuresOf(document)).toBeNull()
    }
  })

  it('says "not ready" of a node that is overloaded', () => {
    const figures = figuresOf({ ...documentOf(1), ready: false, notReadyBecause: 'overloaded' })
    expect(rowOf(lookAt(1, figures), null)).toMatchObject({ state: 'not ready' })
  })
})
