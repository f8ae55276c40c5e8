/**
 * A thread that was ready to run and had to wait for a CPU: neighbours, often the target itself,
 * took it.
 */
import { percent, type VerdictRule } from './verdict-facts.ts'
import { worstThread } from './worst-thread.ts'

/**
 * Share of all time. At 15 % one message in seven arrives while its thread waits, for about a
 * scheduler slice of 3 ms; at 40 % waiting is most of what is measured.
 */
export const WAIT_SHARE = { suspect: 0.15, invalid: 0.4 } as const

export const runQueue: VerdictRule = ({ threads }) => {
  const worst = worstThread(threads, ({ waitShare }) => waitShare, WAIT_SHARE)
  if (worst === null) return null
  return {
    level: worst.level,
    reason:
      `${worst.who} waited ${percent(worst.value)} of the time for a CPU: ` +
      'run the target on another host, or leave more cores free',
  }
}
