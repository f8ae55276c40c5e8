/**
 * Messages that left late or never: beyond these shares the load was not the one that was asked
 * for. Where they are few, chance is taken into account: 2 of 50 are 4 %, and one run in eleven of
 * a generator that is late by 1 % has as many.
 */
import { formatCount } from '../../config/quantities.ts'
import { counted, type Doubt, percent, type VerdictRule } from './verdict-facts.ts'

/** Of the planned messages. Beyond 1 % the p99 is the generator's own; 10 % is another load. */
export const LATE_SHARE = { suspect: 0.01, invalid: 0.1 } as const
/** From so many on a share speaks for itself. */
const COUNT_MIN = 10
/** Fewer are a doubt only where they would be rarer than this if the share were at its limit. */
const CHANCE_MAX = 0.01

export const lateness: VerdictRule = ({ planned, late, unsent }) => {
  const missed = late + unsent
  const level = levelOfMissed(missed, planned)
  if (level === null) return null
  const seen =
    `${formatCount(late)} of ${counted(planned, 'planned message')} were sent late ` +
    `and ${formatCount(unsent)} not at all`
  return {
    level,
    reason: `${seen} (${percent(missed / planned)}): lower --rate or use more --workers`,
  }
}

function levelOfMissed(missed: number, planned: number): Doubt['level'] | null {
  const isBeyond = (share: number): boolean =>
    missed > share * planned &&
    (missed >= COUNT_MIN || chanceOf(missed, planned, share) <= CHANCE_MAX)
  if (isBeyond(LATE_SHARE.invalid)) return 'INVALID'
  return isBeyond(LATE_SHARE.suspect) ? 'SUSPECT' : null
}

/** That of `count` messages `missed` or more are missed, where each is with chance `share`. */
export function chanceOf(missed: number, count: number, share: number): number {
  let fewer = 0
  let exactly = (1 - share) ** count
  for (let number = 0; number < missed; number++) {
    fewer += exactly
    exactly *= ((count - number) / (number + 1)) * (share / (1 - share))
  }
  return Math.max(0, 1 - fewer)
}
