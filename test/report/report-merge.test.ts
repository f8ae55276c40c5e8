import { describe, expect, it } from 'vitest'
import { parseRunReport } from '../../src/report/run-report-file.ts'
import { jsonReport } from '../../src/report/json-report.ts'
import { mergeReports } from '../../src/report/report-merge.ts'
import type { RunReport, StageReport } from '../../src/stats/run-report.ts'
import type { GeneratorReport } from '../../src/stats/generator-report.ts'
import { longReport } from './long-report.ts'
import { SAMPLE_CLUSTER } from './sample-cluster.ts'
import { badClientsOf, distributionOf, SAMPLE_REPORT } from './sample-report.ts'

const LEFT: RunReport = {
  ...longReport(20),
  metrics: {
    push_latency: {
      unit: 'us',
      response: distributionOf(100, 200),
      service: distributionOf(50),
    },
    broadcast_all: { unit: 'us', response: distributionOf(1), service: distributionOf(1) },
  },
}
const RIGHT: RunReport = {
  ...longReport(20),
  started_at: '2026-11-20T10:00:03.000Z',
  verdict: { value: 'VALID', reasons: [] },
  environment: { ...SAMPLE_REPORT.environment, node: 'v24.0.0' },
  metrics: {
    push_latency: { unit: 'us', response: distributionOf(90_000), service: distributionOf(60) },
  },
}

const merge = (...reports: readonly RunReport[]) =>
  mergeReports(reports.map((report, index) => ({ name: `host-${index + 1}`, report })))

describe('merged reports', () => {
  it('hold every sample and the sum of all counts', () => {
    const { report, leftOut } = merge(LEFT, RIGHT)
    expect(report.metrics.push_latency?.response).toEqual(distributionOf(100, 200, 90_000))
    expect(report.metrics.push_latency?.service).toEqual(distributionOf(50, 60))
    expect(report.connections).toMatchObject({ requested: 100_000, established: 99_980 })
    expect(report.connections.failures.map(({ cause, count }) => [cause, count])).toEqual([
      ['ECONNREFUSED', 14],
      ['close 4100', 6],
    ])
    expect(report.messages.lost).toBe(20)
    expect(report.messages.sent_per_second).toBe(33_300)
    expect(leftOut.join()).toContain('broadcast_all: it is known of each generator by itself')
  })

  it('have the worst verdict, with who said what, and thresholds judged anew', () => {
    const { verdict, thresholds, environment } = merge(RIGHT, LEFT).report
    expect(verdict.value).toBe('SUSPECT')
    expect(verdict.reasons).toEqual([`host-2: ${SAMPLE_REPORT.verdict.reasons[0]}`])
    expect(thresholds.map(({ observed }) => observed)).toEqual([
      90_047,
      20,
      expect.closeTo(0.001),
      null,
    ])
    expect(thresholds.map(({ held }) => held)).toEqual([false, false, true, false])
    expect(environment).toMatchObject({ node: 'v24.0.0, v20.20.2', kernel: '6.1.0' })
  })

  it('have one picture over time, on the clock of the first', () => {
    const { intervals, started_at } = merge(RIGHT, LEFT).report
    expect(started_at).toBe(LEFT.started_at)
    expect(intervals).toHaveLength(23)
    const at = (second: number) => intervals.find(({ at_ms }) => at_ms === second * 1000)!
    expect([at(1).connections, at(5).connections, at(20).connections]).toEqual([
      5_000,
      25_000 + 10_000,
      100_000,
    ])
    expect(at(10).sent).toBe(LEFT.intervals[9]!.sent + RIGHT.intervals[6]!.sent)
    expect(at(23).connections).toBe(100_000)
  })

  it('are a report that can be written and read again', () => {
    const { report } = merge(LEFT, RIGHT)
    expect(parseRunReport(jsonReport(report), 'merged')).toEqual(report)
  })

  it('pauses of the one target are not counted twice, those of generators are merged', () => {
    const { gc } = merge(LEFT, RIGHT).report
    expect(gc.target.kinds).toEqual(LEFT.gc.target.kinds)
    expect(gc.generator.kinds.find(({ kind }) => kind === 'minor')?.pauses.count).toBe(6)
  })

  it('add up bad clients by kind and by cause, exactly', () => {
    const left = { ...LEFT, bad_clients: badClientsOf(9, { 'bye 4102': [100, 300] }) }
    const right = {
      ...RIGHT,
      bad_clients: badClientsOf(2, { ECONNRESET: [7, 8, 9], 'bye 4102': [200, 250, 900] }),
    }
    const { report } = merge(left, right)
    expect(report.bad_clients).toEqual(
      badClientsOf(11, { 'bye 4102': [100, 200, 250, 300, 900], ECONNRESET: [7, 8, 9] }, 2),
    )
    expect(parseRunReport(jsonReport(report), 'merged')).toEqual(report)
    expect(merge(LEFT, right).report.bad_clients).toEqual(right.bad_clients)
    expect(merge(LEFT, RIGHT).report).not.toHaveProperty('bad_clients')
    const told = (...counts: readonly Record<string, number>[]) =>
      merge(
        ...[left, right].map((report, index) => {
          return { ...report, bad_clients: { ...report.bad_clients, ended_by_node: counts[index] } }
        }),
      ).report.bad_clients?.ended_by_node
    // Both asked the one node, the second a little later.
    expect(told({ 'too-slow': 4 }, { 'too-slow': 5, kicked: 1 })).toEqual({
      'too-slow': 5,
      kicked: 1,
    })
  })

  it('have the nodes of all, the hosts of all, and what was done by hand to each of them', () => {
    const generator = { host: 'x', failure: null } as unknown as GeneratorReport
    const steered = (at_ms: number) => [{ at_ms, what: 'hold' }] as const
    const left = {
      ...LEFT,
      cluster: SAMPLE_CLUSTER,
      generators: [generator],
      steered: steered(5_000),
    }
    const right = { ...RIGHT, cluster: SAMPLE_CLUSTER, steered: steered(1_000) }
    const { report } = merge(left, right)
    expect(report.cluster?.nodes[1]).toMatchObject({ node: 'b', lost: 1_800 })
    expect(report.generators).toEqual([generator])
    expect(report.steered).toEqual([
      { at_ms: 4_000, what: 'hold', of: 'host-2' },
      { at_ms: 5_000, what: 'hold', of: 'host-1' },
    ])
    expect(merge(LEFT, right).report.cluster?.events?.[0].at_ms).toBe(7_040)
    expect(merge(left).report.steered).toEqual(left.steered)
  })

  it('of one host that is left are its own, also where it ended before it measured', () => {
    const { report } = merge({ ...LEFT, duration_ms: 0, intervals: [] })
    expect(report.connections).toEqual(LEFT.connections)
  })

  it('of hosts that were stopped before they measured are one, though none overlaps another', () => {
    const nothing = { duration_ms: 0, intervals: [] }
    const started_at = new Date(Date.parse(LEFT.started_at) + 5).toISOString()
    const { report } = merge({ ...LEFT, ...nothing }, { ...RIGHT, ...nothing, started_at })
    const { established } = report.connections
    expect(established).toBe(LEFT.connections.established + RIGHT.connections.established)
  })

  it('are refused where they do not belong together, with every reason', () => {
    const later = { ...RIGHT, started_at: '2026-11-20T12:00:00.000Z', mode: 'echo' }
    expect(() => merge(LEFT, later)).toThrow(
      expect.objectContaining({
        code: 'PUSHCTL_CONFIG',
        why:
          'host-2 is mode echo, host-1 is unicast; host-1 had ended before host-2 began: ' +
          'the load of runs one after the other does not add up',
      }),
    )
    expect(() => merge(LEFT, RIGHT, LEFT)).toThrow(
      expect.objectContaining({ why: 'host-3 and host-1 are the same run' }),
    )
    const larger = { ...RIGHT, plan: { schedule: { messageBytes: 9 } } }
    expect(() => merge(LEFT, larger)).toThrow(
      expect.objectContaining({ why: expect.stringContaining('of host-2 have 9 bytes') }),
    )
  })
})

describe('merged stages', () => {
  const { verdict, connections, messages, metrics, thresholds } = SAMPLE_REPORT
  const stageAt = (at_ms: number, ...samples: readonly number[]): StageReport => ({
    ...{ at_ms, duration_ms: 5_000, connections_wanted: 1_000, rate_wanted: 50 },
    ...{ verdict, connections, messages, thresholds },
    metrics: {
      ...metrics,
      push_latency: {
        unit: 'us',
        response: distributionOf(...samples),
        service: distributionOf(1),
      },
    },
  })
  const staged = (report: RunReport, ...stages: readonly StageReport[]): RunReport => {
    return { ...report, stages }
  }

  it('are those of hosts that ran them together, each merged by itself', () => {
    const { stages = [] } = merge(
      staged(LEFT, stageAt(4_000, 100), stageAt(9_000, 300)),
      staged(RIGHT, stageAt(1_000, 200), stageAt(6_500, 90_000)),
    ).report
    expect(stages.map(({ at_ms }) => at_ms)).toEqual([4_000, 9_000])
    expect(stages[0]).toMatchObject({ connections_wanted: 2_000, rate_wanted: 100 })
    expect(stages[0].metrics.push_latency?.response).toEqual(distributionOf(100, 200))
    expect(stages[1].metrics.push_latency?.response).toEqual(distributionOf(300, 90_000))
    expect(stages[0].messages.sent).toBe(2 * messages.sent)
    expect(stages[0].connections.failures[0].count).toBe(14)
    expect(stages[1].thresholds[0]).toMatchObject({ held: false })
  })

  it('are refused where they were not the same, or not at the same time', () => {
    const two = staged(LEFT, stageAt(4_000, 1), stageAt(9_000, 1))
    expect(() => merge(two, staged(RIGHT, stageAt(1_000, 1)))).toThrow('cannot be merged')
    const why = (other: RunReport): string => {
      try {
        merge(two, other)
        return ''
      } catch (error) {
        return (error as { why?: string }).why ?? ''
      }
    }
    expect(why(staged(RIGHT, stageAt(1_000, 1)))).toBe('host-2 has 1 stages, host-1 has 2')
    expect(why(staged(RIGHT, stageAt(1_000, 1), stageAt(16_000, 1)))).toBe(
      'stage 2 of host-2 did not run at the time of that of host-1',
    )
    const search = { of: 'rate', passed: 1, failed: 2, limit: 'target', confirmed: true } as const
    expect(why({ ...staged(RIGHT, stageAt(1_000, 1)), search })).toContain('searched by itself')
  })
})
