/**
 * /proc/softirqs: kind of softirq by CPU. The header names the online CPUs, which may have gaps;
 * counts are 32 bits.
 */
import { lines, parseDecimal, words } from './numbers.ts'

export interface SoftirqTable {
  readonly cpus: readonly number[]
  /** "NET_RX" → one count per entry of `cpus`. */
  readonly counts: Readonly<Record<string, readonly number[]>>
}

export function parseSoftirqs(text: string): SoftirqTable | null {
  const [header, ...rows] = lines(text)
  const cpus = cpusOfHeader(header ?? '')
  if (cpus === null) return null
  const counts: Record<string, readonly number[]> = Object.create(null)
  for (const row of rows) {
    const [label = '', ...values] = words(row)
    const numbers = values.slice(0, cpus.length).map(parseDecimal)
    if (!label.endsWith(':') || numbers.length !== cpus.length) return null
    if (numbers.some((value) => value === null)) return null
    counts[label.slice(0, -1)] = numbers as number[]
  }
  return { cpus, counts }
}

/** "CPU0 CPU1 CPU3" → [0, 1, 3]. */
export function cpusOfHeader(header: string): number[] | null {
  const cpus = words(header).map((word) => /^CPU(\d{1,5})$/.exec(word)?.[1])
  return cpus.length > 0 && cpus.every((cpu) => cpu !== undefined) ? cpus.map(Number) : null
}
