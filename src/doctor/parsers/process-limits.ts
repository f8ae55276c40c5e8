/**
 * /proc/PID/limits. The name column is padded with blanks, so rows are cut by their last words, not
 * by position.
 */
import { lines, parseDecimal } from './numbers.ts'

export interface Limit {
  /** Infinity for "unlimited". */
  readonly soft: number
  readonly hard: number
}

/** "Max open files" → limit. */
export type ProcessLimits = Readonly<Record<string, Limit>>

export function parseProcessLimits(text: string): ProcessLimits | null {
  const limits: Record<string, Limit> = Object.create(null)
  for (const line of lines(text)) {
    const match = /^(\S.*?)\s{2,}(\d+|unlimited)\s+(\d+|unlimited)(?:\s+\S+)?\s*$/.exec(line)
    if (match === null) continue
    const soft = parseLimit(match[2] ?? '')
    const hard = parseLimit(match[3] ?? '')
    if (soft !== null && hard !== null) limits[match[1] ?? ''] = { soft, hard }
  }
  return Object.keys(limits).length > 0 ? limits : null
}

function parseLimit(text: string): number | null {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : parseDecimal(text)
}
