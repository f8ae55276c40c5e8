/**
 * /proc/pressure/*: share of time in which some or all tasks waited, in percent over 10 s, and
 * microseconds in total.
 */
import { lines } from './numbers.ts'

export interface Pressure {
  readonly someAvg10: number
  /** null: this resource has no "full" line (cpu on older kernels). */
  readonly fullAvg10: number | null
  readonly someTotalUs: number
}

export function parsePressure(text: string): Pressure | null {
  const some = pressureLine(text, 'some')
  if (some === null) return null
  return {
    someAvg10: some.avg10,
    fullAvg10: pressureLine(text, 'full')?.avg10 ?? null,
    someTotalUs: some.totalUs,
  }
}

function pressureLine(text: string, kind: string): { avg10: number; totalUs: number } | null {
  const line = lines(text).find((candidate) => candidate.startsWith(`${kind} `))
  const match = /avg10=(\d{1,3}\.\d{2})\b.*\btotal=(\d{1,16})$/.exec(line ?? '')
  return match === null ? null : { avg10: Number(match[1]), totalUs: Number(match[2]) }
}
