import { expect, it } from 'vitest'
import { timeLeftMs } from '../../../../src/commands/bench/live/time-left.ts'
import type { RunPhase, RunProgress } from '../../../../src/stats/run-progress.ts'

const STEP = { warmupMs: 1_000, durationMs: 30_000 }
const at = (phase: RunPhase, elapsedMs: number, totalMs: number | null): RunProgress => ({
  phase,
  elapsedMs,
  totalMs,
  connections: 0,
  connectionsTarget: 0,
  sentPerSecond: 0,
  receivedPerSecond: 0,
  p50: null,
  p99: null,
})

it.each([
  ['connecting', at('connect', 500, 2_000), 37_500],
  ['connecting for longer than planned', at('connect', 5_000, 2_000), 36_000],
  ['warming up', at('warm-up', 400, 1_000), 35_600],
  ['steady', at('steady', 10_000, 30_000), 25_000],
  ['waiting for what is on its way', at('drain', 300, null), 5_000],
  ['held', at('steady', 10_000, null), null],
  ['starting', at('start', 10, null), null],
] as const)('%s, and 5 s after it', (_, progress, leftMs) => {
  expect(timeLeftMs(progress, STEP, 5_000)).toBe(leftMs)
})
