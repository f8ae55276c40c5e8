import { describe, expect, it } from 'vitest'
import { clusterReportOf } from '../../../src/loadgen/dispatch/cluster-report.ts'
import { LatencyPair } from '../../../src/loadgen/latency-pair.ts'
import type { ShardResult } from '../../../src/loadgen/shard-messages.ts'

function result(
  node: string,
  alive: number,
  moves: readonly number[],
  changesBySecond: readonly number[] = [],
): ShardResult {
  const pair = new LatencyPair()
  pair.recordUs(500, 0, 0)
  const counts = { site: 'east', atStart: 10, welcomed: 1, lost: 2, moved: 3, failed: 4 }
  return {
    metrics: [
      { name: 'unavailability', response: pair.response.encode(), service: pair.service.encode() },
    ],
    dispatch: {
      nodes: [{ node, ...counts, alive, changesBySecond }],
      movesBySecond: moves,
      away: 1,
    },
  } as unknown as ShardResult
}

describe('the report of a cluster', () => {
  it('has one row a node, over all shards, and the rate of moves', () => {
    const results = [result('b', 5, [4, 0, 2]), result('a', 7, [0, 0, 3, 3]), result('b', 1, [])]
    const row = { site: 'east', devices_at_start: 10, welcomed: 1, lost: 2, moved: 3, failed: 4 }
    expect(clusterReportOf(results).cluster).toEqual({
      nodes: [
        { node: 'a', ...row, devices_at_end: 7, over_time: [[0, 10]] },
        {
          node: 'b',
          site: 'east',
          devices_at_start: 20,
          devices_at_end: 6,
          welcomed: 2,
          lost: 4,
          moved: 6,
          failed: 8,
          over_time: [[0, 20]],
        },
      ],
      devices_affected: 3,
      devices_away_at_end: 3,
      moves: 12,
      moves_per_second: 4,
      moves_per_second_max: 5,
      moves_over_time: [
        [0, 4],
        [2_000, 5],
        [3_000, 3],
      ],
    })
  })

  it('says when devices of a node came and went, over all its addresses', () => {
    const results = [result('a', 5, [], [-10, 0, 4]), result('a', 9, [], [0, 0, 0, -1])]
    expect(clusterReportOf(results, 1_500.2).cluster?.nodes[0].over_time).toEqual([
      [1_500, 20],
      [2_500, 10],
      [4_500, 14],
      [5_500, 13],
    ])
  })

  it('stays small, however long devices came and went, and keeps the end', () => {
    const changes = Array.from({ length: 100_000 }, (_, second) => (second % 2 === 0 ? 1 : -1))
    const { over_time = [] } = clusterReportOf([result('a', 9, [], changes)]).cluster!.nodes[0]
    expect(over_time.length).toBeLessThanOrEqual(1_201)
    expect(over_time.at(-1)).toEqual([100_000_000, 10])
    const moves = clusterReportOf([result('a', 9, new Array(3_601).fill(2))]).cluster
    expect(moves).toMatchObject({ moves: 7_202, moves_per_second_max: 2 })
    expect(moves).not.toHaveProperty('moves_over_time')
  })

  it('is not there without dispatch', () => {
    expect(clusterReportOf([{ metrics: [] } as unknown as ShardResult])).toEqual({})
  })
})
