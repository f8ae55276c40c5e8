import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { targetAt, targetsOfShard } from '../../../src/loadgen/plan/target-share.ts'

const targetsUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('targets of a shard', () => {
  it('are its own where there is a whole number of them for each shard', () => {
    const targets = ['a tcp', 'a ws', 'b tcp', 'b ws']
    expect(targetsOfShard(targets, 0, 2)).toEqual(['a tcp', 'a ws'])
    expect(targetsOfShard(targets, 1, 2)).toEqual(['b tcp', 'b ws'])
  })

  it('are all of them for a single shard, and where they cannot be divided', () => {
    expect(targetsOfShard(['a', 'b'], 0, 1)).toEqual(['a', 'b'])
    expect(targetsOfShard(['a', 'b', 'c'], 1, 2)).toEqual(['a', 'b', 'c'])
    expect(targetsOfShard(['a'], 3, 4)).toEqual(['a'])
  })

  it('cover every target, each once where they are divided', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (count, shards) => {
          const targets = targetsUpTo(count)
          const driven = targetsUpTo(shards).flatMap((shard) => [
            ...targetsOfShard(targets, shard, shards),
          ])
          expect([...new Set(driven)].toSorted((a, b) => a - b)).toEqual(targets)
          if (count % shards === 0) expect(driven).toHaveLength(count)
        },
      ),
    )
  })

  it('get even shares of the connections, whatever few rows a shard has', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (count, rounds) => {
          // As many shards as targets, each with the same rows: every target gets the same.
          const hits = targetsUpTo(count).map(() => 0)
          for (let shard = 0; shard < count; shard++) {
            for (let row = 0; row < rounds; row++) hits[targetAt(row, shard, count)] += 1
          }
          expect(new Set(hits).size).toBe(1)
        },
      ),
    )
  })
})
