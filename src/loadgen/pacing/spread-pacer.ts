/**
 * A given number of events, evenly over a part of the stage: the first at its beginning, and as
 * long after the last as between any two.
 */
import type { Pacer } from './pacer.ts'

export function spreadPacer(total: number, fromUs: number, untilUs: number): Pacer {
  const spacingUs = total === 0 ? 0 : (untilUs - fromUs) / total
  return { total, intendedUs: (index) => fromUs + index * spacingUs }
}
