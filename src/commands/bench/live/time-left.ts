/** How long a run still takes, from where it is: its phase, its step, and the steps after it. */
import type { RunStep } from '../../../loadgen/run-course.ts'
import type { RunProgress } from '../../../stats/run-progress.ts'

type StepTimes = Pick<RunStep, 'warmupMs' | 'durationMs'>

/**
 * null where nobody knows: it has not begun, or is held.
 *
 * @param laterMs what all later steps take, with their ramps
 */
export function timeLeftMs(
  { phase, elapsedMs, totalMs }: RunProgress,
  { warmupMs, durationMs }: StepTimes,
  laterMs: number,
): number | null {
  if (phase === 'drain') return laterMs
  if (totalMs === null) return null
  const ofPhaseMs = Math.max(0, totalMs - elapsedMs)
  if (phase === 'steady') return ofPhaseMs + laterMs
  if (phase === 'warm-up') return ofPhaseMs + durationMs + laterMs
  return ofPhaseMs + warmupMs + durationMs + laterMs
}
