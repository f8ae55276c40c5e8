/**
 * CPU time and memory of this process and of the calling thread, for the verdict (was the generator
 * out of CPU?) and for bytes per connection. Node 20 has no CPU time per thread, so it comes from
 * the scheduler's own count of the thread that reads the file; null where there is none. Costs
 * about 30 µs: once a second is plenty.
 */
import { readFileSync } from 'node:fs'

export interface ProcessUsage {
  /** User and system time of all threads since the process started. */
  readonly processCpuUs: number
  /** Time on a CPU of the calling thread since it started; null when the system does not tell. */
  readonly threadCpuUs: number | null
  /** Of the whole process. */
  readonly rssBytes: number
  /** Of the calling thread's heap. */
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  /**
   * Memory outside the heap that its objects own; typed arrays are in arrayBuffersBytes, which is a
   * part of it.
   */
  readonly externalBytes: number
  readonly arrayBuffersBytes: number
}

export function readProcessUsage(): ProcessUsage {
  const cpu = process.cpuUsage()
  const memory = process.memoryUsage()
  return {
    processCpuUs: cpu.user + cpu.system,
    threadCpuUs: readThreadCpuUs(),
    rssBytes: memory.rss,
    heapUsedBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    externalBytes: memory.external,
    arrayBuffersBytes: memory.arrayBuffers,
  }
}

function readThreadCpuUs(): number | null {
  try {
    return parseSchedstat(readFileSync('/proc/thread-self/schedstat', 'latin1'))
  } catch {
    return null
  }
}

/**
 * `/proc/<pid>/task/<tid>/schedstat`: ns on a CPU, ns waiting for one, times scheduled
 * (kernel/sched/stats).
 */
export function parseSchedstat(text: string): number | null {
  const match = /^(\d+) \d+ \d+\s*$/.exec(text)
  return match ? Number(match[1]) / 1000 : null
}

/**
 * Cores in use between two readings of the same process: 1.5 is one and a half. null without time
 * in between.
 */
export function coresUsed(
  beforeCpuUs: number,
  afterCpuUs: number,
  elapsedUs: number,
): number | null {
  return elapsedUs > 0 ? (afterCpuUs - beforeCpuUs) / elapsedUs : null
}
