import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { nowUs } from '../../src/stats/clock.ts'
import { GcRecorder, mergeGcSnapshots } from '../../src/stats/gc-recorder.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

async function majorsCounted(recorder: GcRecorder): Promise<number> {
  // Node hands the entries over in a later turn; which one is its own affair.
  for (let turn = 0; turn < 100; turn++) {
    const major = recorder.snapshot().find(({ kind }) => kind === 'major')
    if (major) return LatencyRecorder.decode(major.encoded).count
    await nextTurn()
  }
  return 0
}

test('a forced collection is recorded under its kind', async () => {
  const recorder = new GcRecorder()
  recorder.start()
  collect()
  expect(await majorsCounted(recorder)).toBeGreaterThanOrEqual(1)
  recorder.stop()
  const kept = recorder.snapshot()
  collect()
  await nextTurn()
  await nextTurn()
  expect(recorder.snapshot()).toEqual(kept)
})

test('what was taken is gone, and recording goes on', async () => {
  const recorder = new GcRecorder()
  recorder.start()
  collect()
  expect(await majorsCounted(recorder)).toBeGreaterThanOrEqual(1)
  recorder.take()
  expect(recorder.snapshot().some(({ kind }) => kind === 'major')).toBe(false)
  collect()
  expect(await majorsCounted(recorder)).toBeGreaterThanOrEqual(1)
  recorder.stop()
})

test('the runtime reports the collections of a worker thread inside that thread', async () => {
  const worker = new Worker(
    `const { PerformanceObserver } = require('node:perf_hooks')
     const { parentPort } = require('node:worker_threads')
     new PerformanceObserver((list) => parentPort.postMessage(list.getEntries()[0].detail.kind))
       .observe({ entryTypes: ['gc'] })
     require('node:v8').setFlagsFromString('--expose-gc')
     require('node:vm').runInNewContext('gc')()
     setInterval(() => {}, 1000)`,
    { eval: true },
  )
  const [kind] = await once(worker, 'message')
  await worker.terminate()
  expect([1, 2, 4, 8, 16]).toContain(kind)
})

test('snapshots of several shards become one row per kind, nothing lost', () => {
  const shard = (...pauses: number[]) => {
    const recorder = new LatencyRecorder()
    for (const pause of pauses) recorder.recordUs(pause)
    return recorder.encode()
  }
  const longest = new Float64Array()
  const rows = mergeGcSnapshots([
    { kind: 'minor', encoded: shard(100, 200), longest },
    { kind: 'major', encoded: shard(90_000), longest },
    { kind: 'minor', encoded: shard(300), longest },
  ])
  expect(rows.map(({ kind, pauses }) => [kind, pauses.count, pauses.max])).toEqual([
    ['major', 1, 90_047],
    ['minor', 3, 300],
  ])
  expect(mergeGcSnapshots([])).toEqual([])
})

test('the longest pauses are told with their time, counted from the origin', () => {
  const recorded = new LatencyRecorder()
  recorded.recordUs(40_000)
  const encoded = recorded.encode()
  const rows = mergeGcSnapshots(
    [
      { kind: 'major', encoded, longest: Float64Array.of(7_000_000, 40_000) },
      { kind: 'major', encoded, longest: Float64Array.of(5_500_000, 12_300.4) },
    ],
    5_000_000,
  )
  expect(rows[0]?.longest).toEqual([
    { at_ms: 500, us: 12_300 },
    { at_ms: 2_000, us: 40_000 },
  ])
})

test('a pause that is long enough is recorded with its time on the clock of the host', async () => {
  const recorder = new GcRecorder()
  recorder.start()
  const ballast = Array.from({ length: 400_000 }, (_, index) => ({ index }))
  const beforeUs = nowUs()
  collect()
  const afterUs = nowUs()
  expect(await majorsCounted(recorder)).toBeGreaterThanOrEqual(1)
  recorder.stop()
  expect(ballast.length).toBe(400_000)
  const { longest = new Float64Array() } = recorder.snapshot().find(isMajor)!
  const ofCall = [...longest].filter((us, at) => at % 2 === 0 && us > beforeUs - 2_000)
  // The entry has its start in whole milliseconds of the thread.
  expect(ofCall.length).toBeGreaterThanOrEqual(1)
  expect(ofCall.every((us) => us <= afterUs)).toBe(true)
})

const isMajor = ({ kind }: { kind: string }): boolean => kind === 'major'
