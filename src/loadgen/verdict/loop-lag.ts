/**
 * A generator thread whose event loop lags sees its messages later than they came, and takes that
 * for latency.
 */
import { milliseconds, type VerdictRule } from './verdict-facts.ts'
import { worstThread } from './worst-thread.ts'

/**
 * In µs, at p99. 20 ms would be a fifth of a strict push SLO of 100 ms; 200 ms is beyond any
 * measurement.
 */
export const LOOP_LAG_US = { suspect: 20_000, invalid: 200_000 } as const

export const loopLag: VerdictRule = ({ threads }) => {
  const worst = worstThread(threads, ({ loopLagUsP99 }) => loopLagUsP99, LOOP_LAG_US)
  if (worst === null) return null
  return {
    level: worst.level,
    reason:
      `the event loop of ${worst.who} lagged ${milliseconds(worst.value)} at p99: ` +
      'use more --workers or fewer --connections per host',
  }
}
