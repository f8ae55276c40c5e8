/**
 * Messages that left late or never: beyond these shares the load was not the one that was asked
 * for.
 */
import { levelOf, percent, type VerdictRule } from './verdict-facts.ts'

const LIMITS = { suspect: 0.01, invalid: 0.1 }

export const lateness: VerdictRule = ({ planned, late, unsent }) => {
  if (planned === 0) return null
  const level = levelOf((late + unsent) / planned, LIMITS)
  if (level === null) return null
  const seen = `of ${planned} planned messages ${late} were sent late and ${unsent} not at all`
  return {
    level,
    reason: `${seen} (${percent((late + unsent) / planned)}): lower --rate or use more --workers`,
  }
}
