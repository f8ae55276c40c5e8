/** From what a step asks for to the times and schedules that its threads are told. */
import { scheduleOf } from './message-schedule.ts'
import type { ClockCorrection } from './run-part.ts'
import type { SteadyStage } from './shard-messages.ts'
import { turnoverOf } from './turnover.ts'
import type { BenchSettings } from './workload.ts'

export interface StageBeginning {
  readonly startUs: number
  /** Of whoever broadcasts; undefined: it has our clock. */
  readonly clock: ClockCorrection | undefined
  readonly hasOwnNode: boolean
}

/** @param settings with those of the step */
export function steadyStageOf(
  settings: BenchSettings,
  { startUs, clock, hasOwnNode }: StageBeginning,
): SteadyStage {
  const { warmupMs, durationMs, connections } = settings
  const measureFromUs = startUs + warmupMs * 1000
  const endUs = measureFromUs + durationMs * 1000
  const turnover = turnoverOf(settings, measureFromUs, hasOwnNode)
  const schedule = scheduleOf(settings)
  return { startUs, measureFromUs, endUs, turnover, connections, clock, ...schedule }
}
