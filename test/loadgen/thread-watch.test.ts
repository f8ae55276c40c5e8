import { PerformanceObserver } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { ThreadWatch } from '../../src/loadgen/thread-watch.ts'
import { nowUs } from '../../src/stats/clock.ts'
import { mergeGcSnapshots } from '../../src/stats/gc-recorder.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

const FOREVER_US = 3_600_000_000
const lagCount = (encoded: Uint8Array): number => LatencyRecorder.decode(encoded).count
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** Makes garbage until a collection was told of, however large the young generation is. */
async function collect(): Promise<void> {
  let isTold = false
  const observer = new PerformanceObserver(() => {
    isTold = true
  })
  observer.observe({ entryTypes: ['gc'] })
  let kept: unknown[] = []
  while (!isTold) {
    for (let round = 0; round < 20; round++) kept = Array.from({ length: 20_000 }, () => ({}))
    expect(kept).toHaveLength(20_000)
    await turn()
  }
  observer.disconnect()
  for (let turns = 0; turns < 5; turns++) await turn()
}

test('what happened before the measured time is told, and not judged', async () => {
  const watch = new ThreadWatch()
  watch.start()
  await collect()
  watch.measureBetween(nowUs(), nowUs() + FOREVER_US)
  await turn()
  const { gc, gcMeasured, loopLag, loopLagMeasured } = watch.finish()
  const before = mergeGcSnapshots(gc).reduce((sum, { pauses }) => sum + pauses.count, 0)
  const within = mergeGcSnapshots(gcMeasured).reduce((sum, { pauses }) => sum + pauses.count, 0)
  expect(before).toBeGreaterThan(within)
  expect(lagCount(loopLag)).toBeGreaterThan(lagCount(loopLagMeasured))
})

test('what happened within the measured time is both', async () => {
  const watch = new ThreadWatch()
  watch.start()
  watch.measureBetween(nowUs(), nowUs() + FOREVER_US)
  await turn()
  await collect()
  watch.endMeasure()
  const { gcMeasured, loopLagMeasured, steadyUsage } = watch.finish()
  expect(gcMeasured).not.toEqual([])
  expect(lagCount(loopLagMeasured)).toBeGreaterThan(0)
  if (process.platform === 'linux') expect(steadyUsage.cpuShare).toBeGreaterThan(0)
})

test('a run that ended before its measured time has measured nothing', async () => {
  const watch = new ThreadWatch()
  watch.start()
  watch.measureBetween(nowUs() + FOREVER_US, nowUs() + 2 * FOREVER_US)
  await collect()
  const { gc, gcMeasured, loopLag, loopLagMeasured, steadyUsage } = watch.finish()
  expect(gc).not.toEqual([])
  expect(gcMeasured).toEqual([])
  expect(lagCount(loopLag)).toBeGreaterThan(0)
  expect(lagCount(loopLagMeasured)).toBe(0)
  expect(steadyUsage).toEqual({ cpuShare: null, waitShare: null })
})

test('a loop too starved to see the measured time begin is judged since the order', async () => {
  const watch = new ThreadWatch()
  watch.start()
  await collect()
  const fromUs = nowUs() + 1_000
  watch.measureBetween(fromUs, fromUs + FOREVER_US)
  while (nowUs() < fromUs + 20_000);
  const { loopLagMeasured, steadyUsage } = watch.finish()
  expect(lagCount(loopLagMeasured)).toBeGreaterThan(0)
  if (process.platform === 'linux') expect(steadyUsage.cpuShare).toBeGreaterThan(0)
})

test('the measured time ends once, at the earlier of its end and a word', async () => {
  const watch = new ThreadWatch()
  watch.start()
  const now = nowUs()
  watch.measureBetween(now, now)
  while (watch.endUs === 0) await turn()
  const { endUs } = watch
  watch.endMeasure()
  watch.finish()
  expect(watch.endUs).toBe(endUs)
})
