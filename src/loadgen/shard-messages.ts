/**
 * Every message between the coordinator and its shards and publisher: one member each of a
 * discriminated union.
 */
import type { EngineKind } from '../engine/socket-engine.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import type { MetricName } from '../stats/run-report.ts'
import type { BroadcastColumns } from './broadcast-ledger.ts'
import type { DeviceNames } from './device-names.ts'
import type { DispatchSetup } from './dispatch/dispatch-setup.ts'
import type { DispatchFindings } from './dispatch/shard-dispatch.ts'
import type { EventShare } from './event-share.ts'
import type { FailureRow } from './failure-tally.ts'
import type { Population } from './population/population.ts'
import type { MessageSchedule } from './message-schedule.ts'
import type { ReceiptCounts } from './receipts.ts'
import type { ClockCorrection } from './run-part.ts'
import type { PublishWay } from './target/publish/publish-wire.ts'
import type { ResolvedTarget } from './target/target-address.ts'
import type { ThreadFindings, ThreadSoFar } from './thread-watch.ts'
import type { ByteCount } from './verdict/byte-gap.ts'
import type { Turnover } from './turnover.ts'
import type { Activities } from './workload.ts'

export interface ShardSetup {
  readonly share: EventShare
  readonly targets: readonly ResolvedTarget[]
  /** Addresses to connect from; empty: the kernel's choice. */
  readonly sources: readonly string[]
  readonly engine: EngineKind
  readonly runId: number
  readonly devices: DeviceNames
  readonly connectsPerSecond: number
  /** Shards that connect at the same time, see connectPositionAt(). */
  readonly connectLanes: number
  readonly messageBytes: number
  readonly heartbeatSeconds: number
  readonly qos: 0 | 1
  readonly activities: Activities
  readonly deviceSecret?: Uint8Array | undefined
  /** The devices find their nodes by it; missing: they connect to the targets in turn. */
  readonly dispatch?: DispatchSetup | undefined
  readonly population?: Population | undefined
  /** Names of the rooms of the population; missing: there are none. */
  readonly roomNames?: DeviceNames | undefined
  /** Of what is random in payloads and their sizes. */
  readonly seed?: number
}

/** When the steady state is: all times on the host's monotonic clock. */
export interface SteadyStage extends MessageSchedule {
  readonly startUs: number
  /** End of the warm-up: what is due from here on counts. */
  readonly measureFromUs: number
  readonly endUs: number
  /** null: connections that end stay away. */
  readonly turnover: Turnover | null
  /** The load is divided over the first so many connections of the run; missing: over all. */
  readonly connections?: number
  /** Of whoever broadcasts; missing: it has our clock. */
  readonly clock?: ClockCorrection | undefined
}

export type ShardDown =
  | { readonly kind: 'setup'; readonly setup: ShardSetup }
  /** Begins a step of the run: counts from zero, with so many of its connections. */
  | { readonly kind: 'connect'; readonly startUs: number; readonly connections: number }
  | { readonly kind: 'steady'; readonly stage: SteadyStage }
  /** A better correction than that of the stage. */
  | { readonly kind: 'clock'; readonly clock: ClockCorrection }
  /** The stage ends at another time than it said. */
  | { readonly kind: 'extend'; readonly endUs: number }
  /** Asks for one progress message now, which says that it answers this. */
  | { readonly kind: 'ask'; readonly ask: number }
  /** Ends sending, in its time or before; what was sent may still come back. */
  | { readonly kind: 'stop' }
  /** Ends sending and says what was found; connections are held, with their heartbeats. */
  | { readonly kind: 'finish' }
  /** After the result: closes all connections in order, as far as that goes within the limit. */
  | { readonly kind: 'close'; readonly limitMs: number }

export interface ShardProgress {
  readonly attempted: number
  readonly established: number
  readonly failed: number
  readonly alive: number
  readonly sent: number
  readonly received: number
  readonly duplicated: number
  /** Of those sent, so many later than they were due. */
  readonly late: number
  readonly thread: ThreadSoFar | null
  /** The failure seen most, for the message when none succeeds. */
  readonly topFailure: FailureRow | null
  /** Response times since the last progress message, encoded. */
  readonly interval: Uint8Array
  /** Of the whole process: threads of one process report the same. */
  readonly rssBytes: number
}

export interface SendCounts {
  /** Sends that the schedule asked for, within the measured time. */
  readonly planned: number
  readonly sent: number
  readonly late: number
  /** Not sent because the generator fell behind. */
  readonly unsent: number
  /** Not sent because the connection was not up. */
  readonly unsendable: number
}

export interface EncodedMetric {
  readonly name: MetricName
  readonly response: Uint8Array
  readonly service: Uint8Array
}

export interface ShardResult extends ThreadFindings {
  readonly attempted: number
  readonly established: number
  readonly failed: number
  readonly aliveAtEnd: number
  readonly failures: readonly FailureRow[]
  readonly sends: SendCounts
  /** Connections that churn ended and opened anew. */
  readonly replacements: SendCounts
  /** Messages to one device: echoes or unicasts. */
  readonly direct: ReceiptCounts
  readonly broadcast: ReceiptCounts
  /** Missing: devices have no rooms. */
  readonly rooms?: RoomFindings
  readonly foreign: number
  /** Missing: the run has no dispatch. */
  readonly dispatch?: DispatchFindings
  /** Latencies so far below zero that the clocks of two hosts must be wrong; not recorded. */
  readonly refused: number
  readonly metrics: readonly EncodedMetric[]
  readonly ledger: BroadcastColumns | null
  /** When connections that had been up ended, ascending. */
  readonly endedUs: Float64Array
  /** Frames against what the kernel counted, from the first connect on. */
  readonly bytes: readonly ByteCount[]
}

/** Messages to rooms, and who was in them. */
export interface RoomFindings extends ReceiptCounts {
  /** By room: devices that were up at the end. */
  readonly members: Uint32Array
  /** The room of each connection of `endedUs`, in the same order. */
  readonly ended: Uint32Array
}

export interface FatalMessage {
  readonly kind: 'fatal'
  readonly code: ErrorCode | null
  readonly message: string
  readonly why: string
  readonly tries: readonly string[]
  readonly stack: string
}

export type ShardUp =
  | { readonly kind: 'ready' }
  /** Every connection of the shard was tried: established or failed. */
  | {
      readonly kind: 'connected'
      readonly progress: ShardProgress
      readonly failedConnections: Uint32Array
    }
  /** `ask` is the number of the last question, 0: none was asked. */
  | { readonly kind: 'progress'; readonly progress: ShardProgress; readonly ask: number }
  | { readonly kind: 'result'; readonly result: ShardResult }
  /** Descriptors are returned; `left` connections had not ended in order. */
  | { readonly kind: 'closed'; readonly left: number }
  | FatalMessage

export type PushKind = 'unicast' | 'broadcast'

export interface PublisherSetup {
  /** HTTP API of the push node. */
  readonly url: string
  /** Of other nodes of its cluster, through which pushes go when it goes away; missing: none. */
  readonly otherUrls?: readonly string[]
  /** null: through the HTTP API of a push node. */
  readonly way: PublishWay | null
  readonly adminToken: string | null
  readonly kinds: readonly PushKind[]
  readonly runId: number
  readonly devices: DeviceNames
  readonly connections: number
  readonly messageBytes: number
  readonly qos: 0 | 1
  readonly seed: number
  /** How long the last answers are waited for, and for as long as more come within that. */
  readonly answersLimitMs: number
  readonly answersExtraMs?: number
  readonly population?: Population | undefined
  readonly roomNames?: DeviceNames | undefined
  /** Bad clients that are pushed to as devices are: numbers from `first` on. */
  readonly badDevices?: { readonly first: number; readonly count: number } | undefined
}

export type PublisherDown =
  | { readonly kind: 'setup'; readonly setup: PublisherSetup }
  | {
      readonly kind: 'publish'
      readonly stage: SteadyStage
      /** Connections that were never established: no device to push to. */
      readonly failedConnections: Uint32Array
    }
  /** The stage ends at another time than it said. */
  | { readonly kind: 'extend'; readonly endUs: number }
  | { readonly kind: 'finish' }

export interface PushCounts {
  readonly sends: SendCounts
  /** All pushes of the run, warm-up included: broadcasts are numbered 1 … this. */
  readonly sentInAll: number
  /** Broadcasts of the warm-up: numbers up to this do not count. */
  readonly warmupSent: number
  /** Broadcasts of earlier steps: the numbers of this one come after it. */
  readonly sentBefore: number
  /** For so long the target took no more, with pushes waiting. */
  readonly blockedUs: number
  /** Missing: none went to rooms. */
  readonly rooms?: RoomPushCounts
  /** Beside those of the schedule: to bad clients, in the measured time. */
  readonly toBadClients?: number
}

export interface RoomPushCounts {
  /** Of the measured pushes that were sent. */
  readonly sent: number
  /** What they were owed to, had every member been up. */
  readonly members: number
  /** Pushes of the schedule that were dealt with: the choice of rooms is repeated so far. */
  readonly chosen: number
}

export interface PublisherResult extends ThreadFindings {
  readonly unicast: PushCounts | null
  readonly broadcast: PushCounts | null
  readonly failures: readonly FailureRow[]
}

export type PublisherUp =
  | { readonly kind: 'ready' }
  /** Measured pushes so far. */
  | {
      readonly kind: 'progress'
      readonly sent: number
      readonly late: number
      readonly thread: ThreadSoFar | null
    }
  | { readonly kind: 'published'; readonly result: PublisherResult }
  | FatalMessage
