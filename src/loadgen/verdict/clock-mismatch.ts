/**
 * Latencies below a microsecond or beyond an hour: no message is that fast or that slow, so two
 * clocks were compared that do not agree, most often those of two hosts.
 */
import { counted, levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/** Of all latencies. One is a wrong clock; with 1 % the distribution is made of them. */
export const CLAMPED_SHARE = { suspect: 0, invalid: 0.01 } as const

export const clockMismatch: VerdictRule = ({ latencies: { count, clamped } }) => {
  const share = clamped / Math.max(1, count)
  const level = levelOf(share, CLAMPED_SHARE)
  if (level === null) return null
  return {
    level,
    reason:
      `${counted(clamped, 'latency value')} (${percent(share)}) below 1 µs or beyond an hour: ` +
      'two clocks were compared, so publish and receive on one host, or synchronise the hosts',
  }
}
