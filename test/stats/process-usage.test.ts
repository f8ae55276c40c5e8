import { expect, test } from 'vitest'
import { coresUsed, parseSchedstat, readProcessUsage } from '../../src/stats/process-usage.ts'

test('work shows up as CPU time of the process and of the thread', () => {
  const before = readProcessUsage()
  let sum = 0
  while (readProcessUsage().processCpuUs - before.processCpuUs < 2_000) {
    for (let index = 0; index < 100_000; index++) sum += Math.sqrt(index)
  }
  const after = readProcessUsage()
  expect(sum).toBeGreaterThan(0)
  if (before.threadCpuUs !== null && after.threadCpuUs !== null) {
    expect(after.threadCpuUs).toBeGreaterThan(before.threadCpuUs)
  }
  expect(after.rssBytes).toBeGreaterThan(after.heapUsedBytes)
})

test('the scheduler file is read in nanoseconds, and anything else is unknown', () => {
  expect(parseSchedstat('60555123 51453 2\n')).toBe(60_555.123)
  for (const text of ['', '60555', 'a b c', '1 2 3 4', '-1 2 3']) {
    expect(parseSchedstat(text)).toBeNull()
  }
})

test('cores in use are CPU time over elapsed time, unknown without any', () => {
  expect(coresUsed(1_000, 4_000, 2_000)).toBe(1.5)
  expect(coresUsed(1_000, 4_000, 0)).toBeNull()
})
