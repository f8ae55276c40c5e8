import { expect, it } from 'vitest'
import { CpuShare } from '../../src/server/cpu-share.ts'

/** The share after looks a second apart, each with so many ms of CPU time since the last. */
function shareAfter(usedMs: readonly number[], threads: number, processors: number): number {
  const cpu = new CpuShare()
  let cpuUs = 5_000_000
  cpu.observe(0, cpuUs, threads, processors)
  for (const [i, used] of usedMs.entries()) {
    cpuUs += used * 1_000
    cpu.observe((i + 1) * 1_000, cpuUs, threads, processors)
  }
  return cpu.share
}

it('is of the processors that the node has threads for', () => {
  const long = Array.from({ length: 20 }, () => 1_000)
  expect(shareAfter(long, 3, 2)).toBeCloseTo(0.5)
  expect(shareAfter(long, 3, 64)).toBeCloseTo(1 / 3)
  expect(shareAfter(long, 1, 64)).toBeCloseTo(1)
})

it('follows what changes, not at once', () => {
  expect(shareAfter([1_000], 1, 1)).toBe(0.5)
  expect(shareAfter([1_000, 1_000], 1, 1)).toBe(0.75)
  expect(shareAfter([1_000, 1_000, 0], 1, 1)).toBe(0.375)
})

it('is 0 before anything is known, and passes over the end of a process', () => {
  expect(shareAfter([], 1, 1)).toBe(0)
  expect(shareAfter([1_000, -4_000, 1_000], 1, 1)).toBe(0.75)
})
