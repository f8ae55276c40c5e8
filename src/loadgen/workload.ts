/**
 * What a run does, as checked settings. A mode is a set of activities: who sends what on which
 * schedule, over the same shards, so nothing below asks for the mode where it can ask for an
 * activity.
 */
import type { RunPart } from './run-part.ts'
import type { BadClientSettings } from './bad-clients/bad-client-kinds.ts'
import type { Population } from './population/population.ts'
import type { DispatchSetup } from './dispatch/dispatch-setup.ts'
import type { TargetAddress } from './target/target-address.ts'
import type { Lifetime } from './turnover.ts'

export const WORKLOAD_MODES = [
  'idle',
  'echo',
  'unicast',
  'broadcast',
  'mixed',
  'churn',
  'storm',
] as const
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
  return {
    echo: mode === 'echo',
    unicast: mode === 'unicast' || mode === 'mixed',
    broadcast: mode === 'broadcast' || mode === 'mixed',
  }
}

/** What a publisher pushes over the node's HTTP API. */
export function pushKindsOf(mode: WorkloadMode): ('unicast' | 'broadcast')[] {
  const activities = activitiesOf(mode)
  return (['unicast', 'broadcast'] as const).filter((kind) => activities[kind])
}

export function needsPublisher(mode: WorkloadMode): boolean {
  return pushKindsOf(mode).length > 0
}

/** Whether connections that end are to come back. */
export function hasTurnover(mode: WorkloadMode): boolean {
  return mode === 'churn' || mode === 'storm'
}

export interface BenchSettings {
  /** Empty: a node of our own is started and driven over both carriers. */
  readonly targets: readonly TargetAddress[]
  /** The node of our own is driven over HTTP; missing: over its TCP and WebSocket. */
  readonly ownNodeOver?: 'sse' | 'poll' | undefined
  readonly mode: WorkloadMode
  readonly connections: number
  readonly connectsPerSecond: number
  /** Over all connections: echoes or unicasts, in mode broadcast broadcasts; 0: none. */
  readonly messagesPerSecond: number
  /** Exactly so many unicasts in the measured time, instead of a rate; null: by the rate. */
  readonly unicastCount: number | null
  /** Exactly so many broadcasts in the measured time; null: by the rate (none in mode mixed). */
  readonly broadcastCount: number | null
  /** Of mode churn: part of the connections that is replaced per second, in thousandths. */
  readonly churnPerMille: number
  readonly lifetime: Lifetime
  /** What the devices ask for in HELLO; 0: the node chooses. */
  readonly heartbeatSeconds: number
  /** Where the population has sizes: their mean. */
  readonly messageBytes: number
  /** Missing: devices are all alike, and so are messages. */
  readonly population?: Population | undefined
  /** Clients beside the connections that behave badly on purpose; missing: none. */
  readonly badClients?: BadClientSettings | undefined
  /** 1: pushes are stored, and the devices of push nodes ACK them. */
  readonly qos: 0 | 1
  readonly arrivals: 'constant' | 'poisson'
  readonly warmupMs: number
  readonly durationMs: number
  /** Base URL of the node's HTTP API, null: derived from the target. */
  readonly publishUrl: string | null
  /** HTTP APIs of other nodes that pushes go through when that one goes away; missing: none. */
  readonly publishOthers?: readonly string[]
  /**
   * Pushes do not go through the API of a push node: each is POSTed to this URL, or, where that is
   * null, published over the target's own protocol.
   */
  readonly publishElsewhere?: { readonly url: string | null }
  /** Bearer token for the HTTP API, null: none is sent. */
  readonly adminToken: string | null
  /** What tokens of devices are signed with; missing: devices have none. */
  readonly deviceSecret?: Uint8Array | undefined
  /** -w and --processes; null where the planner chooses. */
  readonly workers: number | null
  readonly processes: number | null
  /** null: the planner chooses. */
  readonly sourceAddresses: readonly string[] | null
  readonly engine: 'auto' | 'epoll' | 'node'
  /** Devices find their nodes by it, and come back where they lose one; missing: by the targets. */
  readonly dispatch?: DispatchSetup | undefined
  readonly seed: number
  /** Missing: the run is whole. */
  readonly part?: RunPart
}
