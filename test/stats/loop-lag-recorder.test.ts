import { setTimeout as after } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { nowUs } from '../../src/stats/clock.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import { LoopLagRecorder, recordLateness } from '../../src/stats/loop-lag-recorder.ts'

test('a stall counts once for every tick that it swallowed', () => {
  const recorder = new LatencyRecorder()
  recordLateness(recorder, 45_000, 10_000)
  expect(recorder.count).toBe(5)
  expect(recorder.valueAtPercentile(1)).toBe(5_003)
  expect(recorder.max).toBe(45_023)
})

test('a tick on time, or early by the grain of the timer, is one sample of 1 µs', () => {
  const recorder = new LatencyRecorder()
  recordLateness(recorder, 0, 10_000)
  recordLateness(recorder, -900, 10_000)
  expect([recorder.count, recorder.max, recorder.clamped]).toEqual([2, 1, 0])
})

test('a blocked loop is seen with its whole length', async () => {
  const lag = new LoopLagRecorder()
  lag.start()
  const until = nowUs() + 60_000
  while (nowUs() < until);
  // Timers run in order of time, so by then the late tick has run.
  await after(20)
  lag.stop()
  expect(lag.recorder.max).toBeGreaterThanOrEqual(49_000)
  expect(lag.recorder.count).toBeGreaterThanOrEqual(5)
})

test('a stopped recorder holds no timer and starts anew', () => {
  const lag = new LoopLagRecorder()
  lag.start()
  lag.start()
  lag.stop()
  lag.stop()
  expect(lag.recorder.count).toBe(0)
})

test('the mean since the last look counts a stall as everybody met it', async () => {
  const lag = new LoopLagRecorder()
  lag.start()
  const until = nowUs() + 60_000
  while (nowUs() < until);
  await after(20)
  lag.stop()
  expect(lag.takeMeanUs()).toBeGreaterThan(5_000)
  expect(lag.takeMeanUs()).toBe(0)
})
