/** What is known of a run before its first packet, for the record of it. */
import type { RunHeader } from '../stats/run-record.ts'
import { describeEnvironment } from './run-environment.ts'
import type { RunPlan } from './plan/run-plan.ts'
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

/** Ramp, warm-up and steady state; what drains afterwards is short. */
export function plannedMsOf(settings: BenchSettings): number {
  const { connections, connectsPerSecond, warmupMs, durationMs } = settings
  return (connections / connectsPerSecond) * 1000 + warmupMs + durationMs
}
