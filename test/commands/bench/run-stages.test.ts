import { expect, it } from 'vitest'
import { outcomeOf, stageNote } from '../../../src/commands/bench/run-stages.ts'
import type { StageReport } from '../../../src/stats/run-report.ts'
import { SAMPLE_REPORT } from '../../report/sample-report.ts'

const { connections, messages, metrics } = SAMPLE_REPORT
const CROSSED = { expression: 'lost==0', observed: 3, limit: 0, held: false }
const STAGE: StageReport = {
  at_ms: 10_000,
  duration_ms: 2_000,
  connections_wanted: connections.alive_at_end,
  rate_wanted: 500,
  verdict: { value: 'VALID', reasons: [] },
  connections,
  messages,
  metrics,
  thresholds: [{ ...CROSSED, observed: 0, held: true }],
}
const INVALID = { value: 'INVALID', reasons: ['late'] } as const

it.each([
  ['everything held', {}, 'passed'],
  [
    'the verdict is in doubt, which is no excuse',
    { verdict: { value: 'SUSPECT', reasons: [] } },
    'passed',
  ],
  ['a threshold was crossed', { thresholds: [...STAGE.thresholds, CROSSED] }, 'failed'],
  ['not all are up', { connections_wanted: connections.alive_at_end + 1 }, 'failed'],
  ['the generator was the limit', { verdict: INVALID }, 'generator'],
  ['it was, and a threshold was crossed', { verdict: INVALID, thresholds: [CROSSED] }, 'generator'],
  ['the target took no pushes for long', { verdict: INVALID, blocked_ms: 201 }, 'failed'],
  ['the target took no pushes for a moment', { verdict: INVALID, blocked_ms: 200 }, 'generator'],
] as const)('where %s: %j is %s', (_, changes, outcome) => {
  expect(outcomeOf({ ...STAGE, ...(changes as Partial<StageReport>) })).toBe(outcome)
})

it('a note says what was asked for and how it went', () => {
  expect(stageNote(STAGE)).toBe('49,988 connections, 500/s: VALID')
  expect(stageNote({ ...STAGE, outcome: 'failed' })).toBe('49,988 connections, 500/s: failed')
})
