/** A collection of the generator stops its clock too: what arrives meanwhile looks late. */
import { levelOf, milliseconds, type VerdictRule } from './verdict-facts.ts'

const LIMITS = { suspect: 50_000, invalid: 500_000 }

export const gcPause: VerdictRule = ({ gcPauseUsMax }) => {
  if (gcPauseUsMax === null) return null
  const level = levelOf(gcPauseUsMax, LIMITS)
  if (level === null) return null
  return {
    level,
    reason:
      `the generator stood still for ${milliseconds(gcPauseUsMax)} in a garbage collection: ` +
      'use more --workers, so that each heap is smaller',
  }
}
