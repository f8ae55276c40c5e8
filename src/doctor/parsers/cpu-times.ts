/**
 * /proc/stat: ticks of each CPU by kind of work. Softirq time is sampled at ticks, so packet counts
 * are the second witness.
 */
import { lines, parseDecimal, words } from './numbers.ts'

export interface CpuTimes {
  readonly cpu: number
  readonly user: number
  readonly system: number
  readonly idle: number
  readonly irq: number
  readonly softirq: number
  readonly steal: number
  /** All kinds together, guest time not counted twice. */
  readonly total: number
}

export function parseCpuTimes(text: string): CpuTimes[] | null {
  const rows: CpuTimes[] = []
  for (const line of lines(text)) {
    const match = /^cpu(\d+)\s/.exec(line)
    if (match === null) continue
    const ticks = words(line).slice(1).map(parseDecimal)
    if (ticks.length < 7 || ticks.some((value) => value === null || value < 0)) return null
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
      ticks as number[]
    rows.push({
      cpu: Number(match[1]),
      user: user + nice,
      system,
      idle: idle + iowait,
      irq,
      softirq,
      steal,
      total: user + nice + system + idle + iowait + irq + softirq + steal,
    })
  }
  return rows.length > 0 ? rows : null
}
