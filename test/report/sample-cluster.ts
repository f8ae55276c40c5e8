/** A cluster of three nodes, one of which was killed: who came, went and moved. */
import type { ClusterReport } from '../../src/stats/cluster-report.ts'

export const SAMPLE_CLUSTER: ClusterReport = {
  nodes: [
    nodeOf('a', 'east', { devices_at_end: 1_500, welcomed: 500 }, [
      [3_000, 1_000],
      [6_000, 1_400],
      [7_000, 1_500],
    ]),
    nodeOf('b', 'west', { devices_at_end: 0, lost: 900, moved: 100 }, [
      [3_000, 1_000],
      [5_000, 0],
    ]),
  ],
  devices_affected: 1_000,
  devices_away_at_end: 500,
  moves: 100,
  moves_per_second: 50,
  moves_per_second_max: 60,
  moves_over_time: [
    [4_000, 60],
    [5_000, 40],
  ],
  scenario: 'node-kill',
  events: [
    { at_ms: 4_040, what: 'stopped', node: 'b', failure: '' },
    { at_ms: 9_000, what: 'started', node: 'b', failure: 'status 1' },
  ],
}

function nodeOf(
  node: string,
  site: string,
  counts: Partial<ClusterReport['nodes'][number]>,
  over_time: readonly (readonly [number, number])[],
): ClusterReport['nodes'][number] {
  const nothing = { welcomed: 0, lost: 0, moved: 0, failed: 0 }
  const devices = { devices_at_start: 1_000, devices_at_end: 1_000 }
  return { node, site, ...devices, ...nothing, ...counts, over_time }
}
