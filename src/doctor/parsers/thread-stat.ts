/**
 * /proc/PID/task/TID/stat: CPU time of one thread. The name may hold blanks and brackets; fields
 * count from the last ")".
 */
import { parseDecimal, words } from './numbers.ts'

export interface ThreadStat {
  readonly tid: number
  readonly name: string
  /** utime + stime, in ticks of 1/100 s. */
  readonly cpuTicks: number
  /** CPU it ran on last. */
  readonly lastCpu: number
  /** Ticks after boot. */
  readonly startTicks: number
}

export function parseThreadStat(text: string): ThreadStat | null {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return null
  const tid = parseDecimal(text.slice(0, open).trim())
  // Field 3 (state) is the first after the name: utime is field 14, stime 15, starttime 22,
  // processor 39.
  const fields = words(text.slice(close + 1))
  const user = parseDecimal(fields[11] ?? '')
  const system = parseDecimal(fields[12] ?? '')
  const startTicks = parseDecimal(fields[19] ?? '')
  const lastCpu = parseDecimal(fields[36] ?? '')
  if (tid === null || user === null || system === null) return null
  return {
    tid,
    name: text.slice(open + 1, close),
    cpuTicks: user + system,
    lastCpu: lastCpu ?? -1,
    startTicks: startTicks ?? 0,
  }
}
