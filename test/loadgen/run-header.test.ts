import { expect, it } from 'vitest'
import { plannedMsOf } from '../../src/loadgen/run-header.ts'
import type { BenchSettings } from '../../src/loadgen/workload.ts'

const SETTINGS = {
  connections: 1_000,
  connectsPerSecond: 500,
  messagesPerSecond: 10,
  warmupMs: 1_000,
  durationMs: 30_000,
} as BenchSettings

const step = (connections: number, durationMs: number) => ({
  connections,
  messagesPerSecond: 10,
  warmupMs: 1_000,
  durationMs,
})

it('a run of one step takes its ramp, its warm-up and its measured time', () => {
  expect(plannedMsOf(SETTINGS)).toBe(33_000)
})

it('each step has a warm-up, and a ramp for the connections that are not up yet', () => {
  const steps = [step(100, 5_000), step(300, 5_000), step(200, 2_000)]
  expect(plannedMsOf(SETTINGS, steps)).toBe(200 + 6_000 + 400 + 6_000 + 3_000)
})
