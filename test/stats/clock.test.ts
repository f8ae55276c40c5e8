import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { nowUs } from '../../src/stats/clock.ts'

/** The clock's own source, as JavaScript that a bare thread or process can run. */
const CLOCK_SOURCE = nowUs.toString()

test('a worker thread reads the same clock: its time lies between two of ours', async () => {
  const before = nowUs()
  const worker = new Worker(
    `${CLOCK_SOURCE}\nrequire('node:worker_threads').parentPort.postMessage(nowUs())`,
    { eval: true },
  )
  const [inWorker] = await once(worker, 'message')
  expect(inWorker).toBeGreaterThan(before)
  expect(inWorker).toBeLessThan(nowUs())
})

test('another process reads the same clock: its time lies between two of ours', async () => {
  const before = nowUs()
  const { stdout } = await promisify(execFile)(process.execPath, [
    '-e',
    `${CLOCK_SOURCE}\nconsole.log(nowUs())`,
  ])
  expect(Number(stdout)).toBeGreaterThan(before)
  expect(Number(stdout)).toBeLessThan(nowUs())
})

test('it never goes back, and it agrees with the monotonic clock of the system', () => {
  let last = nowUs()
  for (let reading = 0; reading < 10_000; reading++) {
    const now = nowUs()
    expect(now >= last).toBe(true)
    last = now
  }
  const earliest = Number(process.hrtime.bigint()) / 1000
  const now = nowUs()
  const latest = Number(process.hrtime.bigint()) / 1000
  expect(now).toBeGreaterThanOrEqual(earliest - 0.01)
  expect(now).toBeLessThanOrEqual(latest + 0.01)
})
