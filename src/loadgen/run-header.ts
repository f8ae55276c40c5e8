/** What is known of a run before its first packet, for the record of it. */
import type { RunHeader } from '../stats/run-record.ts'
import { describeEnvironment } from './run-environment.ts'
import type { RunPlan } from './plan/run-plan.ts'
import { onlyStepOf, type RunStep } from './run-course.ts'
import { type BenchSettings, needsPublisher } from './workload.ts'

export function runHeader(plan: RunPlan, startedAtMs: number, ownNode: boolean): RunHeader {
  return {
    started_at: new Date(startedAtMs).toISOString(),
    mode: plan.mode,
    targets: plan.targets.map(({ url }) => url),
    engine: plan.engine,
    latency_metric: needsPublisher(plan.mode) ? 'push_latency' : 'echo_latency',
    environment: describeEnvironment({ own_node: ownNode }),
    plan: plan as unknown as Record<string, unknown>,
  }
}

/**
 * Ramp, warm-up and steady state of all steps; connections that are up stay, and what drains
 * between two steps is short.
 */
export function plannedMsOf(
  settings: BenchSettings,
  steps: readonly RunStep[] = [onlyStepOf(settings)],
): number {
  let ms = 0
  let up = 0
  for (const { connections, warmupMs, durationMs } of steps) {
    const opened = Math.max(0, connections - up)
    ms += (opened / settings.connectsPerSecond) * 1000 + warmupMs + durationMs
    up = connections
  }
  return ms
}
