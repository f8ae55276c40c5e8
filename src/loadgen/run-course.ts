/**
 * A run whose load changes while its connections stay: a course says what the next step is from
 * what the last one found. The figures of a report are those of its last step.
 */
import type { RunReport } from '../stats/run-report.ts'
import type { RunPlan } from './plan/run-plan.ts'
import type { BenchSettings } from './workload.ts'

export interface RunStep {
  readonly connections: number
  /** In total, as in BenchSettings. */
  readonly messagesPerSecond: number
  readonly warmupMs: number
  readonly durationMs: number
}

export interface RunCourse {
  readonly first: RunStep
  /** All steps, as far as they are known before; of a search about as many as it takes. */
  readonly steps: readonly RunStep[]
  /** No step comes after the one that runs; missing: nobody knows. */
  readonly isLast?: boolean
  /** null: that was all. Whoever asks another host for it answers later. */
  next(report: RunReport, moments: StepMoments): RunStep | null | Promise<RunStep | null>
}

/** What the report of a step does not say. */
export interface StepMoments {
  /** When its measured time began, from the start of the run. */
  readonly atMs: number
  /** For so long the target took no pushes that were due. */
  readonly blockedMs: number
}

/** The one step of a run without a course. */
export function onlyStepOf(settings: BenchSettings): RunStep {
  const { connections, messagesPerSecond, warmupMs, durationMs } = settings
  return { connections, messagesPerSecond, warmupMs, durationMs }
}

/** What the report of a step says that was planned; of what a host allows, all of the run. */
export function planOfStep(plan: RunPlan, step: RunStep): RunPlan {
  const schedule = {
    ...plan.schedule,
    messagesPerSecond: step.messagesPerSecond,
    warmupSeconds: step.warmupMs / 1000,
    steadySeconds: step.durationMs / 1000,
  }
  return { ...plan, connections: step.connections, schedule }
}
