import { expect, it } from 'vitest'
import { clusterSeries } from '../../../src/report/html/cluster-series.ts'
import type { ClusterNodeReport } from '../../../src/stats/cluster-report.ts'
import { SAMPLE_CLUSTER } from '../sample-cluster.ts'
import { SAMPLE_REPORT } from '../sample-report.ts'

const [first] = SAMPLE_CLUSTER.nodes

it('a cluster of any size and age is drawn from a bounded number of values', () => {
  const nodes = Array.from({ length: 40 }, (_, index): ClusterNodeReport => {
    const over_time = Array.from(
      { length: 1_200 },
      (_each, at) => [1_000 * at + index, (at % 2) * index] as const,
    )
    return { ...first, node: `node-${index}`, over_time }
  })
  const moves = Array.from({ length: 3_600 }, (_, at) => [1_000 * at, 1 + (at % 2)] as const)
  const cluster = { ...SAMPLE_CLUSTER, nodes, moves_over_time: moves }
  const series = clusterSeries({ ...SAMPLE_REPORT, cluster })!
  expect(series.nodes.map(({ name }) => name)).toEqual(
    Array.from({ length: 8 }, (_, index) => `node-${32 + index}`),
  )
  expect(series.more).toBe(32)
  expect(series.seconds.length).toBeLessThanOrEqual(1_801)
  expect(series.seconds.at(-1)).toBe(1_199.039)
  expect(series.moves).toHaveLength(1_800)
  expect(series.moves.every(([, count]) => count === 2)).toBe(true)
})

it('a cluster whose nodes were not followed has no lines, and a run without one nothing', () => {
  const { over_time: _, ...mute } = first
  const series = clusterSeries({ ...SAMPLE_REPORT, cluster: { ...SAMPLE_CLUSTER, nodes: [mute] } })
  expect(series).toMatchObject({ seconds: [], nodes: [], more: 0, absence: null })
  expect(clusterSeries(SAMPLE_REPORT)).toBeNull()
})
