/**
 * Messages that left late or never: beyond these shares the load was not the one that was asked
 * for.
 */
import { formatCount } from '../../config/quantities.ts'
import { counted, levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/** Of the planned messages. Beyond 1 % the p99 is the generator's own; 10 % is another load. */
export const LATE_SHARE = { suspect: 0.01, invalid: 0.1 } as const

export const lateness: VerdictRule = ({ planned, late, unsent }) => {
  if (planned === 0) return null
  const level = levelOf((late + unsent) / planned, LATE_SHARE)
  if (level === null) return null
  const seen =
    `${formatCount(late)} of ${counted(planned, 'planned message')} were sent late ` +
    `and ${formatCount(unsent)} not at all`
  return {
    level,
    reason: `${seen} (${percent((late + unsent) / planned)}): lower --rate or use more --workers`,
  }
}
