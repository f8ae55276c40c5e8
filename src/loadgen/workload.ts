/**
 * What a run does, as checked settings. A mode is a set of activities: who sends what on which
 * schedule; `mixed`, `churn` and `storm` will be further sets over the same shards, so nothing
 * below asks for the mode where it can ask for an activity.
 */
import type { TargetAddress } from './target/target-address.ts'

export const WORKLOAD_MODES = ['idle', 'echo', 'unicast', 'broadcast'] as const
export type WorkloadMode = (typeof WORKLOAD_MODES)[number]

export interface Activities {
  /** Connections send upstream data and get it back. */
  readonly echo: boolean
  /** A publisher pushes to one device at a time. */
  readonly unicast: boolean
  /** A publisher pushes to all. */
  readonly broadcast: boolean
}

export function activitiesOf(mode: WorkloadMode): Activities {
  return { echo: mode === 'echo', unicast: mode === 'unicast', broadcast: mode === 'broadcast' }
}

/** Whether messages come from a publisher over the node's HTTP API. */
export function needsPublisher(mode: WorkloadMode): boolean {
  const { unicast, broadcast } = activitiesOf(mode)
  return unicast || broadcast
}

export interface BenchSettings {
  /** Empty: a node of our own is started and driven over both carriers. */
  readonly targets: readonly TargetAddress[]
  readonly mode: WorkloadMode
  readonly connections: number
  readonly connectsPerSecond: number
  /** Over all connections together; 0 in mode idle. */
  readonly messagesPerSecond: number
  readonly messageBytes: number
  readonly arrivals: 'constant' | 'poisson'
  readonly warmupMs: number
  readonly durationMs: number
  /** Base URL of the node's HTTP API, null: derived from the target. */
  readonly publishUrl: string | null
  /** Bearer token for the HTTP API, null: none is sent. */
  readonly adminToken: string | null
  /** -w and --processes; null where the planner chooses. */
  readonly workers: number | null
  readonly processes: number | null
  /** null: the planner chooses. */
  readonly sourceAddresses: readonly string[] | null
  readonly engine: 'auto' | 'epoll' | 'node'
  readonly seed: number
}
