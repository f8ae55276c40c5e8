/** What whoever starts a run hears of it, and may add to it. */
import type { RunPhase, RunProgress } from '../stats/run-progress.ts'
import type { RunRecord } from '../stats/run-record.ts'
import type { HostFindingsReport } from '../stats/run-report.ts'
import type { RunPlan } from './plan/run-plan.ts'
import type { RunCourse } from './run-course.ts'
import type { RunGate } from './run-part.ts'
import type { StepHand } from './run-steering.ts'
import type { Totals } from './run-totals.ts'

export interface BenchHooks {
  readonly signal: AbortSignal
  onProgress(progress: RunProgress): void
  /** Before the first packet. */
  onPlan?(plan: RunPlan): void
  /** Looks at the hosts of a run; the same for a selftest would only cost time. */
  readonly hosts?: HostWatch
  readonly record?: RunRecord | undefined
  /** Looks into the process of the target; its findings are the command's. */
  readonly target?: TargetWatch | undefined
  /** Steps over the same connections; missing: one, as the settings say. */
  readonly course?: RunCourse | undefined
  /** Missing: nobody holds the run, or steps its rate. */
  readonly steering?: StepHand | undefined
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

/** How a run stands; counts are of the whole run. */
export interface RunMoment extends Totals {
  /** From the start of the run. */
  readonly atMs: number
  readonly phase: RunPhase
  /** That are up. */
  readonly connections: number
}

export interface WatchedRun {
  /** Asks the generator for fresh counts; moment() has them some milliseconds later. */
  ask(): void
  moment(): RunMoment
  /** Of all its processes. */
  generatorBytes(): number
  /** Process of the node of our own, which a storm replaces; null: the target is another's. */
  ownPid(): number | null
}

/** Whoever can look into the target's process. Neither call fails. */
export interface TargetWatch {
  /** Before the first connection: resolves when the target has been seen at rest. */
  start(run: WatchedRun): Promise<void>
  /** After the last message, with all connections still up. */
  stop(): Promise<void>
}
