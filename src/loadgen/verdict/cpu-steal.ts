/** The hypervisor ran somebody else on our CPUs: no clock of this machine ticked truly. */
import { levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/**
 * Share of all CPU time of the machine. From 3 % stolen time shows in a p99; at 10 % a latency says
 * more of the neighbours than of the target.
 */
export const STEAL_SHARE = { suspect: 0.03, invalid: 0.1 } as const

export const cpuSteal: VerdictRule = ({ host }) => {
  const share = (host['cpu_steal_percent'] ?? 0) / 100
  const level = levelOf(share, STEAL_SHARE)
  if (level === null) return null
  return {
    level,
    reason:
      `the hypervisor took ${percent(share)} of the CPU time of this machine: ` +
      'use a machine with CPUs of its own, or run again when it is quiet',
  }
}
