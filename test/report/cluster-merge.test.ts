import { describe, expect, it } from 'vitest'
import { clusterLeftOut, mergeClusters } from '../../src/report/cluster-merge.ts'
import type { ClusterReport } from '../../src/stats/cluster-report.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { SAMPLE_CLUSTER } from './sample-cluster.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

const startMs = Date.parse(SAMPLE_REPORT.started_at)

function reportOf(cluster: ClusterReport, byMs = 0): RunReport {
  const started_at = new Date(startMs + byMs).toISOString()
  return { ...SAMPLE_REPORT, started_at, cluster }
}

describe('what several saw of a cluster', () => {
  it('is one row a node, with the devices of all at every moment', () => {
    const later = reportOf(SAMPLE_CLUSTER, 1_500)
    const { cluster } = mergeClusters([reportOf(SAMPLE_CLUSTER), later], startMs)
    expect(cluster?.nodes.map(({ node }) => node)).toEqual(['a', 'b'])
    expect(cluster?.nodes[0]).toMatchObject({ devices_at_start: 2_000, devices_at_end: 3_000 })
    expect(cluster?.nodes[1]).toMatchObject({ site: 'west', lost: 1_800, moved: 200 })
    expect(cluster?.nodes[0].over_time).toEqual([
      [3_000, 2_000],
      [4_500, 2_000],
      [6_000, 2_400],
      [7_000, 2_500],
      [7_500, 2_900],
      [8_500, 3_000],
    ])
    expect(cluster).toMatchObject({ devices_affected: 2_000, devices_away_at_end: 1_000 })
    expect(cluster?.events?.map(({ at_ms }) => at_ms)).toEqual([4_040, 5_540, 9_000, 10_500])
    expect(cluster?.scenario).toBe('node-kill')
  })

  it('moved in the seconds of all together', () => {
    const other: ClusterReport = {
      ...{ ...SAMPLE_CLUSTER, nodes: [], moves: 13, moves_per_second: 7 },
      ...{ moves_per_second_max: 10 },
      moves_over_time: [
        [5_010, 10],
        [7_010, 3],
      ],
    }
    const parts = [reportOf(SAMPLE_CLUSTER), reportOf(other)]
    expect(mergeClusters(parts, startMs).cluster).toMatchObject({
      moves: 113,
      moves_per_second: 38,
      moves_per_second_max: 60,
      moves_over_time: [
        [4_000, 60],
        [5_000, 50],
        [7_000, 3],
      ],
    })
    expect(clusterLeftOut(parts)).toEqual([])
  })

  it('is said to be of one where another does not say when its devices moved', () => {
    const { moves_over_time: _, ...mute } = SAMPLE_CLUSTER
    const parts = [reportOf(SAMPLE_CLUSTER), reportOf({ ...mute, moves_per_second_max: 70 })]
    const { cluster } = mergeClusters(parts, startMs)
    expect(cluster).toMatchObject({ moves: 200, moves_per_second: 50, moves_per_second_max: 70 })
    expect(cluster).not.toHaveProperty('moves_over_time')
    expect(clusterLeftOut(parts).join()).toContain('does not say when its devices moved')
  })

  it('of one is its own, and of none there is nothing', () => {
    expect(mergeClusters([reportOf(SAMPLE_CLUSTER)], startMs)).toEqual({ cluster: SAMPLE_CLUSTER })
    expect(mergeClusters([SAMPLE_REPORT], startMs)).toEqual({})
  })
})
