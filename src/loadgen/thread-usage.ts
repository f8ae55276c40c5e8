/**
 * CPU time of the calling thread and the time it was ready but had no CPU, from the scheduler: the
 * second is the proof that a generator was starved by its neighbours, which no CPU figure shows.
 * Linux only; null elsewhere.
 */
import { readFileSync } from 'node:fs'

export interface ThreadUsage {
  readonly cpuUs: number
  readonly waitUs: number
}

export function readThreadUsage(): ThreadUsage | null {
  try {
    return parseThreadUsage(readFileSync('/proc/thread-self/schedstat', 'latin1'))
  } catch {
    return null
  }
}

/**
 * /proc/<pid>/task/<tid>/schedstat: ns on a CPU, ns waiting for one, times scheduled
 * (Documentation/scheduler/sched-stats).
 */
export function parseThreadUsage(text: string): ThreadUsage | null {
  const match = /^(\d+) (\d+) \d+\s*$/.exec(text)
  return match ? { cpuUs: Number(match[1]) / 1000, waitUs: Number(match[2]) / 1000 } : null
}

export interface UsageShares {
  /** Part of the time that the thread ran, 0..1; null where unknown. */
  readonly cpuShare: number | null
  /** Part of the time that it was ready and had to wait. */
  readonly waitShare: number | null
}

export function usageShares(
  before: ThreadUsage | null,
  after: ThreadUsage | null,
  elapsedUs: number,
): UsageShares {
  if (before === null || after === null || elapsedUs <= 0)
    return { cpuShare: null, waitShare: null }
  return {
    cpuShare: (after.cpuUs - before.cpuUs) / elapsedUs,
    waitShare: (after.waitUs - before.waitUs) / elapsedUs,
  }
}
