/**
 * What to do about a descriptor limit that is too low, without lowering a hard limit that is higher
 * than needed.
 */
import type { ProcessFacts } from './facts-process.ts'
import type { Judgement } from './finding.ts'
import type { Limit } from './parsers/process-limits.ts'
import { nextPowerOfTwo } from './target.ts'

/** A soft limit as high as this makes programs slow that walk over all possible descriptors. */
const SANE_LIMIT_MAX = 2 ** 24

export function nofileRemedy(
  process: ProcessFacts,
  limit: Limit,
  need: number,
  reason: string,
): Pick<Judgement, 'settings' | 'fixNow'> {
  const hardToKeep = limit.hard <= SANE_LIMIT_MAX ? limit.hard : 0
  const value = Math.max(nextPowerOfTwo(need), hardToKeep)
  const unit = process.unit.known ? process.unit.value.name : null
  const hard = limit.hard < value ? String(value) : ''
  return {
    settings: [{ kind: 'limit', name: 'nofile', value, unit, reason }],
    fixNow: `prlimit --nofile=${value}:${hard} --pid ${process.pid}`,
  }
}
