/** A collection of the generator stops its clock too: what arrives meanwhile looks late. */
import { milliseconds, type VerdictRule } from './verdict-facts.ts'
import { worstThread } from './worst-thread.ts'

/**
 * In µs, the longest. 50 ms is what a major collection of a small heap must never take; half a
 * second hides whole storms.
 */
export const GC_PAUSE_US = { suspect: 50_000, invalid: 500_000 } as const

export const gcPause: VerdictRule = ({ threads }) => {
  const worst = worstThread(threads, ({ gcPauseUsMax }) => gcPauseUsMax, GC_PAUSE_US)
  if (worst === null) return null
  return {
    level: worst.level,
    reason:
      `${worst.who} stood still for ${milliseconds(worst.value)} in a garbage collection: ` +
      'use more --workers, so that each heap is smaller',
  }
}
