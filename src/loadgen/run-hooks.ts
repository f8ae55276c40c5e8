/** What whoever starts a run hears of it, and may add to it. */
import type { RunProgress } from '../stats/run-progress.ts'
import type { RunRecord } from '../stats/run-record.ts'
import type { HostFindingsReport } from '../stats/run-report.ts'
import type { RunPlan } from './plan/run-plan.ts'
import type { RunCourse } from './run-course.ts'
import type { RunGate } from './run-part.ts'

export interface BenchHooks {
  readonly signal: AbortSignal
  onProgress(progress: RunProgress): void
  /** Before the first packet. */
  onPlan?(plan: RunPlan): void
  /** Looks at the hosts of a run; the same for a selftest would only cost time. */
  readonly hosts?: HostWatch
  readonly record?: RunRecord | undefined
  /** Steps over the same connections; missing: one, as the settings say. */
  readonly course?: RunCourse | undefined
  /** Of a run that is a part of several. */
  readonly gate?: RunGate | undefined
}

/** Whoever can say more of a host than its counters. Neither call fails. */
export interface HostWatch {
  /** Before the first connection. */
  start(plan: RunPlan): Promise<void>
  /** After the last message, with all connections still up. */
  finish(): Promise<readonly HostFindingsReport[]>
}
