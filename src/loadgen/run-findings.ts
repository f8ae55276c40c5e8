/**
 * Everything a run left behind, before it becomes a report: what the coordinator hands to the
 * report builder.
 */
import type { HostSample } from '../stats/host-counters.ts'
import type { HostPeaksReport } from '../stats/host-peaks.ts'
import type { GcSideReport, HostFindingsReport, IntervalReport } from '../stats/run-report.ts'
import type { BadClientFindings } from './bad-clients/bad-client-group.ts'
import type { MemorySample } from './memory-slope.ts'
import type { RunPlan } from './plan/run-plan.ts'
import type { PublisherResult, SteadyStage } from './shard-messages.ts'
import type { ShardState } from './shard-group.ts'

/**
 * Cause of the failure row of a publisher that had to stop: pushes could not be injected any more.
 */
export const PUBLISHING_BROKEN = 'stream-broken'

export interface RunFindings {
  readonly plan: RunPlan
  readonly startedAtMs: number
  /** When connecting began, on the monotonic clock. */
  readonly startUs: number
  /** From the first connect until every connection was tried. */
  readonly connectUs: number
  /** Connections that were up then. */
  readonly connected: number
  /** null when the run was interrupted before the steady state. */
  readonly stage: SteadyStage | null
  /** When sending stopped: the end of the stage, or the interruption. */
  readonly endUs: number
  readonly isInterrupted: boolean
  readonly shards: readonly ShardState[]
  readonly publisher: PublisherResult | null
  readonly publisherError: Error | null
  /** Why a node that was killed on purpose did not come back. */
  readonly nodeError: Error | null
  readonly hostPeaks: HostPeaksReport
  /** What doctor saw, where the command had it look. */
  readonly hosts: readonly HostFindingsReport[]
  /** null: there were none. */
  readonly badClients: BadClientFindings | null
  readonly intervals: readonly IntervalReport[]
  readonly generatorMemory: readonly MemorySample[]
  readonly targetMemory: readonly MemorySample[]
  readonly targetGc: GcSideReport | null
  readonly hostBefore: HostSample
  /** When the measured time began; null when the run ended before it. */
  readonly hostMeasured: HostSample | null
  readonly hostAfter: HostSample
  readonly environment: Readonly<Record<string, string | number | boolean | null>>
}
