/** A thread that ran all the time had no time left for what came late: it measured itself. */
import { levelOf, percent, type VerdictRule } from './verdict-facts.ts'

const LIMITS = { suspect: 0.85, invalid: 0.97 }

export const threadCpu: VerdictRule = ({ threads }) => {
  const known = threads.filter(({ cpuShare }) => cpuShare !== null)
  const busiest = known.reduce((max, thread) => Math.max(max, thread.cpuShare ?? 0), 0)
  const level = levelOf(busiest, LIMITS)
  if (level === null) return null
  const name = known.find(({ cpuShare }) => cpuShare === busiest)?.name
  return {
    level,
    reason: `${name} used ${percent(busiest)} of its core: use more --workers or lower --rate`,
  }
}
