import { describe, expect, it } from 'vitest'
import { clusterLines } from '../../src/report/cluster-lines.ts'
import type { RunReport } from '../../src/stats/run-report.ts'

const node = {
  devices_at_start: 1_000,
  devices_at_end: 1_500,
  welcomed: 500,
  lost: 0,
  moved: 0,
  failed: 0,
}

describe('the lines of a cluster', () => {
  it('are one for each node, then the outage and what happened', () => {
    const report = {
      cluster: {
        nodes: [
          { node: 'a', site: 'east', ...node },
          { node: 'b', site: 'west', ...node, devices_at_end: 0, lost: 900, moved: 100 },
        ],
        devices_affected: 1_000,
        devices_away_at_end: 0,
        moves: 100,
        moves_per_second: 50,
        moves_per_second_max: 60,
        scenario: 'node-kill',
        events: [
          { at_ms: 2_040, what: 'stopped', node: 'b', failure: '' },
          { at_ms: 7_000, what: 'started', node: 'b', failure: 'status 1' },
        ],
      },
    } as unknown as RunReport
    expect(clusterLines(report).join('\n')).toMatchInlineSnapshot(`
      "node  site  devices  at end  came  lost  moved  refused
      a     east    1,000   1,500   500     0      0        0
      b     west    1,000       0   500   900    100        0
      1,000 devices were without service, 0 at the end; 100 moved at 50/s, 60/s at most
      at 2s  stopped b
      at 7s  started b: status 1"
    `)
  })

  it('are none without dispatch', () => {
    expect(clusterLines({} as RunReport)).toEqual([])
  })
})
