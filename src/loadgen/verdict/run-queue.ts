/**
 * A thread that was ready to run and had to wait for a CPU: neighbours, often the target itself,
 * took it.
 */
import { levelOf, percent, type VerdictRule } from './verdict-facts.ts'

const LIMITS = { suspect: 0.15, invalid: 0.4 }

export const runQueue: VerdictRule = ({ threads }) => {
  const known = threads.filter(({ waitShare }) => waitShare !== null)
  const longest = known.reduce((max, thread) => Math.max(max, thread.waitShare ?? 0), 0)
  const level = levelOf(longest, LIMITS)
  if (level === null) return null
  const name = known.find(({ waitShare }) => waitShare === longest)?.name
  return {
    level,
    reason:
      `${name} waited ${percent(longest)} of the time for a CPU: ` +
      'run the target on another host, or leave more cores free',
  }
}
