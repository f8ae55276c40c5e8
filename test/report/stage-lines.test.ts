import pc from 'picocolors'
import { expect, it } from 'vitest'
import { searchLines, stageLines, steeringLines } from '../../src/report/stage-lines.ts'
import type { RunReport, SearchReport, StageReport } from '../../src/stats/run-report.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

const style = { width: 100, colors: pc.createColors(false) }
const { connections, messages, metrics } = SAMPLE_REPORT

function stageOf(changes: Partial<StageReport>): StageReport {
  return {
    at_ms: 1_000,
    duration_ms: 7_499.6,
    connections_wanted: 50_000,
    rate_wanted: 500,
    verdict: { value: 'VALID', reasons: [] },
    connections,
    messages,
    metrics,
    thresholds: [],
    ...changes,
  }
}

it('says what somebody did to the run, and when', () => {
  const steered = [
    { at_ms: 1_234, what: 'hold' },
    { at_ms: 65_000, what: 'rate', rate_wanted: 1_250 },
    { at_ms: 70_000, what: 'stop' },
  ] as const
  expect(steeringLines({ ...SAMPLE_REPORT, steered })).toEqual([
    'after 1.23 s  the stage was held',
    'after 1m 5s  a stage began with 1,250/s',
    'after 1m 10s  the run was stopped',
  ])
  expect(steeringLines(SAMPLE_REPORT)).toEqual([])
})

it('a run of several steps has a row for each, the knee of a search for people', () => {
  const crossed = { expression: 'push_latency:p99<50ms', observed: 9, limit: 5, held: false }
  const stages = [
    stageOf({}),
    stageOf({ outcome: 'passed', rate_wanted: 1_000 }),
    stageOf({ outcome: 'failed', rate_wanted: 2_000, thresholds: [crossed] }),
    stageOf({ outcome: 'failed', metrics: {} }),
    stageOf({ outcome: 'generator', verdict: { value: 'INVALID', reasons: [] } }),
  ]
  expect(
    `\n${stageLines({ ...SAMPLE_REPORT, stages }, style).join('\n')}\n`,
  ).toMatchInlineSnapshot(`
    "
       held  connections      up    asked      sent      p50      p99     max  lost
    7s500ms       50,000  49,988    500/s  16,650/s  15.2 ms  29.9 ms  2.31 s    10  VALID
    7s500ms       50,000  49,988  1,000/s  16,650/s  15.2 ms  29.9 ms  2.31 s    10  held
    7s500ms       50,000  49,988  2,000/s  16,650/s  15.2 ms  29.9 ms  2.31 s    10  crossed push_latency:p99<50ms
    7s500ms       50,000  49,988    500/s  16,650/s        -        -       -    10  not all up
    7s500ms       50,000  49,988    500/s  16,650/s  15.2 ms  29.9 ms  2.31 s    10  INVALID: not counted
    "
  `)
  expect(stageLines(SAMPLE_REPORT, style)).toEqual([])
})

it.each<[Partial<SearchReport>, string]>([
  [
    {},
    '500/s messages held every threshold, and again for the whole of --duration; 515/s messages did not',
  ],
  [
    { confirmed: false },
    '500/s messages held every threshold, but not for longer; 515/s messages did not',
  ],
  [
    { of: 'connections', failed: null, limit: 'bound' },
    '500 connections held every threshold, and again for the whole of --duration: no more was tried, so the target holds at least this',
  ],
  [
    { limit: 'generator' },
    '500/s messages held every threshold, and again for the whole of --duration; 515/s messages did not: the generator was the limit, so the target holds at least this',
  ],
  [{ passed: null }, 'not even 515/s messages held every threshold'],
  [
    { passed: null, limit: 'generator' },
    'not even 515/s messages held every threshold: the generator was the limit before anything did',
  ],
])('the answer of a search %j in words', (changes, text) => {
  const found = { of: 'rate', passed: 500, failed: 515, limit: 'target', confirmed: true } as const
  const report: RunReport = { ...SAMPLE_REPORT, search: { ...found, ...changes } }
  expect(searchLines(report)).toEqual([text])
  expect(searchLines(SAMPLE_REPORT)).toEqual([])
})
