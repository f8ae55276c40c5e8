/**
 * Rounds of packet handling that ended with packets left, because their budget was used up: what is
 * left waits for the next round, behind whatever else runs. Harmless in small numbers.
 */
import { levelOf, type VerdictRule } from './verdict-facts.ts'

/**
 * A second, over all CPUs (net/core/dev.c net_rx_action). At 100 a second one round in each 10 ms
 * is cut; it delays and loses nothing, so it never makes a run worthless.
 */
export const SQUEEZES_PER_SECOND = { suspect: 100, invalid: Number.POSITIVE_INFINITY } as const

export const softnetSqueezes: VerdictRule = ({ host, measuredSeconds }) => {
  if (measuredSeconds <= 0) return null
  const perSecond = (host['softnet_squeezes'] ?? 0) / measuredSeconds
  const level = levelOf(perSecond, SQUEEZES_PER_SECOND)
  if (level === null) return null
  return {
    level,
    reason:
      `packet handling of this host ran out of its budget ${Math.round(perSecond)} times a ` +
      'second: sysctl -w net.core.netdev_budget=600, or spread receive work over more CPUs ' +
      '(pushctl doctor)',
  }
}
