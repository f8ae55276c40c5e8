import { describe, expect, it } from 'vitest'
import { clusterReportOf } from '../../../src/loadgen/dispatch/cluster-report.ts'
import { LatencyPair } from '../../../src/loadgen/latency-pair.ts'
import type { ShardResult } from '../../../src/loadgen/shard-messages.ts'

function result(node: string, alive: number, moves: readonly number[]): ShardResult {
  const pair = new LatencyPair()
  pair.recordUs(500, 0, 0)
  const counts = { site: 'east', atStart: 10, welcomed: 1, lost: 2, moved: 3, failed: 4 }
  return {
    metrics: [
      { name: 'unavailability', response: pair.response.encode(), service: pair.service.encode() },
    ],
    dispatch: { nodes: [{ node, ...counts, alive }], movesBySecond: moves, away: 1 },
  } as unknown as ShardResult
}

describe('the report of a cluster', () => {
  it('has one row a node, over all shards, and the rate of moves', () => {
    const results = [result('b', 5, [4, 0, 2]), result('a', 7, [0, 0, 3, 3]), result('b', 1, [])]
    const row = { site: 'east', devices_at_start: 10, welcomed: 1, lost: 2, moved: 3, failed: 4 }
    expect(clusterReportOf(results).cluster).toEqual({
      nodes: [
        { node: 'a', ...row, devices_at_end: 7 },
        {
          node: 'b',
          site: 'east',
          devices_at_start: 20,
          devices_at_end: 6,
          welcomed: 2,
          lost: 4,
          moved: 6,
          failed: 8,
        },
      ],
      devices_affected: 3,
      devices_away_at_end: 3,
      moves: 12,
      moves_per_second: 4,
      moves_per_second_max: 5,
    })
  })

  it('is not there without dispatch', () => {
    expect(clusterReportOf([{ metrics: [] } as unknown as ShardResult])).toEqual({})
  })
})
