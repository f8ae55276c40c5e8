/** A thread that ran all the time had no time left for what came late: it measured itself. */
import { percent, type VerdictRule } from './verdict-facts.ts'
import { worstThread } from './worst-thread.ts'

/**
 * Share of one core. By queueing theory the mean wait at 85 % is six times the service time and
 * grows without bound from there; at 97 % the core is full within what a scheduler tick can tell.
 */
export const CORE_SHARE = { suspect: 0.85, invalid: 0.97 } as const

export const threadCpu: VerdictRule = ({ threads }) => {
  const worst = worstThread(threads, ({ cpuShare }) => cpuShare, CORE_SHARE)
  if (worst === null) return null
  return {
    level: worst.level,
    reason:
      `${worst.who} used ${percent(worst.value)} of its core: ` +
      'use more --workers or lower --rate',
  }
}
