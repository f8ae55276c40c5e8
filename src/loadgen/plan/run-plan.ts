/**
 * The plan of a run as plain data: what --plan prints, what shards are started from, and `plan` in
 * report.json.
 */
import type { ShardKind } from '../../engine/shard-host.ts'
import type { EngineKind } from '../../engine/socket-engine.ts'
import type { CapacityLimit } from '../../stats/capacity/capacity-limits.ts'
import type { BadClientSettings } from '../bad-clients/bad-client-kinds.ts'
import type { BadClientDemand } from './bad-client-demand.ts'
import type { Population } from '../population/population.ts'
import type { Lifetime } from '../turnover.ts'
import type { WorkloadMode } from '../workload.ts'

export interface PlannedTarget {
  readonly url: string
  readonly address: string
  readonly port: number
  readonly connections: number
}

export interface RunPlan {
  /** The plan in one line. */
  readonly headline: string
  readonly mode: WorkloadMode
  readonly connections: number
  readonly targets: readonly PlannedTarget[]
  readonly engine: EngineKind
  readonly shards: {
    readonly kind: ShardKind
    readonly count: number
    readonly connections: readonly number[]
    /** Shards that connect at the same time, one group after the other. */
    readonly lanes: number
    /** Why this kind and this many. */
    readonly reason: string
  }
  readonly descriptors: {
    /** null: unlimited or unknown. */
    readonly perProcess: number | null
    /** Kept for everything that is no load connection. */
    readonly reserved: number
    /** The most that one process of the plan needs, reserve included. */
    readonly needed: number
  }
  readonly ports: {
    readonly first: number
    readonly last: number
    readonly usablePerSource: number
    /** Addresses to connect from; empty: the kernel's choice, one address. */
    readonly sources: readonly string[]
    /**
     * The most ports from one source address to one destination: its connections, and in mode churn
     * those that were replaced and are in TIME_WAIT.
     */
    readonly neededPerSource: number
    /** Of the usable ones, held by connections of the last minute on the fullest route. */
    readonly inTimeWait: number
  }
  /** Of both ends of the connections, as far as they are on this host. */
  readonly memory: {
    readonly processBytes: number
    readonly kernelBytes: number
    /** Kernel memory of one connection, all its ends on this host together. */
    readonly kernelBytesPerConnection: number
    /** Where the size of a socket is from. */
    readonly kernelBasis: 'slabinfo' | 'protocols' | 'constants'
    readonly availableBytes: number
  }
  /** Every limit of this host that the plan was held against. */
  readonly limits: readonly CapacityLimit[]
  /** What will hurt the run without stopping it, each with what to change. */
  readonly warnings: readonly string[]
  readonly schedule: {
    readonly connectsPerSecond: number
    readonly connectSeconds: number
    readonly messagesPerSecond: number
    readonly messageBytes: number
    /** Exactly so many in the measured time; null: by the rate, or none. */
    readonly unicastCount: number | null
    readonly broadcastCount: number | null
    /** null: connections that are up stay up. */
    readonly churn: { readonly perSecond: number; readonly lifetime: Lifetime } | null
    /** What devices ask for; 0: the node chooses. */
    readonly heartbeatSeconds: number
    readonly warmupSeconds: number
    readonly steadySeconds: number
    readonly arrivals: string
  }
  readonly seed: number
  readonly population?: Population
  readonly badClients?: BadClientSettings
  /** What they take beside the connections; part of the sums above. */
  readonly badClientDemand?: BadClientDemand
}
