import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
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

test('a reset forgets the warm-up and goes on recording', async () => {
  const recorder = new GcRecorder()
  recorder.start()
  collect()
  expect(await majorsCounted(recorder)).toBeGreaterThanOrEqual(1)
  recorder.reset()
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
  const rows = mergeGcSnapshots([
    { kind: 'minor', encoded: shard(100, 200) },
    { kind: 'major', encoded: shard(90_000) },
    { kind: 'minor', encoded: shard(300) },
  ])
  expect(rows.map(({ kind, pauses }) => [kind, pauses.count, pauses.max])).toEqual([
    ['major', 1, 90_047],
    ['minor', 3, 300],
  ])
  expect(mergeGcSnapshots([])).toEqual([])
})
