/**
 * A generator thread whose event loop lags sees its messages later than they came, and takes that
 * for latency.
 */
import { levelOf, milliseconds, type VerdictRule } from './verdict-facts.ts'

/**
 * In µs. 20 ms would be a fifth of a strict push SLO of 100 ms; 200 ms is beyond any measurement.
 */
const LIMITS = { suspect: 20_000, invalid: 200_000 }

export const loopLag: VerdictRule = ({ loopLagUsP99 }) => {
  if (loopLagUsP99 === null) return null
  const level = levelOf(loopLagUsP99, LIMITS)
  if (level === null) return null
  return {
    level,
    reason:
      `the generator's event loops lagged ${milliseconds(loopLagUsP99)} at p99: ` +
      'use more --workers or fewer --connections per host',
  }
}
