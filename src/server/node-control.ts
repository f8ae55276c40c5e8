/**
 * What the HTTP API asks of the push node: the seam between the control plane (HTTP, metrics, auth)
 * and the data plane (shards). PushNode implements it; http/ knows nothing else of the node.
 */
import type { BucketReport } from '../stats/bucket-histogram.ts'
import type { GcSideReport } from '../stats/run-report.ts'
import type { BroadcastReceipt } from './broadcast/broadcast-log.ts'
import type { BroadcastState } from './broadcast/broadcast-messages.ts'
import type { MoveOrder } from './device-move.ts'
import type { LoadDescription } from './guard/node-guard.ts'
import type { PushReceipt } from './inbox/push-receipts.ts'
import type { StoreCounters } from './inbox/node-inbox.ts'
import type { SessionCensus } from './session-census.ts'
import type { UpstreamState } from './upstream/upstream-router.ts'

export type PushAddress =
  | { readonly kind: 'devices'; readonly deviceIds: readonly string[] }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'all' }

/** One push, checked and decoded. Limits were applied before it got here. */
export interface PushRequest {
  readonly to: PushAddress
  readonly payload: Uint8Array
  /** With QoS 1; without it nothing is stored. */
  readonly stored?: StoredPush
  /** Idempotency key: a second push with it is the first one. */
  readonly id?: string
}

export interface StoredPush {
  readonly ttlSeconds: number
  readonly mode: 'DIRECT' | 'NOTIFY' | 'LAZY'
}

export interface PushOutcome {
  /** Devices that the push was addressed to, as far as this node knows. */
  readonly accepted: number
  /** Devices for which it is stored. Always 0 for QoS 0. */
  readonly stored: number
  /** Connected devices to which it was handed for sending. */
  readonly online: number
  readonly pushId: string
}

export interface DeviceState {
  readonly deviceId: string
  readonly online: boolean
  readonly sessionId: string
  readonly shard: number
  readonly carrier: 'tcp' | 'push.v1' | 'push.v1.json' | 'sse' | 'poll'
  readonly address: string
  readonly network: string
  readonly heartbeatSeconds: number
  readonly connectedAtMs: number
  readonly idleSeconds: number
  readonly queuedBytes: number
  readonly tags: readonly string[]
}

/** Running totals of the whole node; every refusal and close by name. */
export interface NodeCounters {
  readonly connectionsAccepted: number
  readonly connectionsOpen: number
  readonly devicesOnline: number
  readonly hellosAccepted: number
  readonly hellosRefused: Readonly<Record<string, number>>
  /**
   * By BYE code name (protocol-error, replaced …) and, for what the peer did, peer-end, peer-reset.
   */
  readonly closes: Readonly<Record<string, number>>
  readonly framesReceived: number
  readonly messagesSent: number
  readonly pushesAccepted: number
  readonly bytesReceived: number
  readonly bytesSent: number
  readonly heartbeats: number
  readonly bufferedBytes: number
  readonly acceptsDeferred: number
  /** By reason (guard/refusal-counts.ts). */
  readonly refusals: Readonly<Record<string, number>>
}

export interface ShardDescription {
  readonly index: number
  readonly kind: 'thread' | 'process'
  readonly pid: number
  readonly engine: 'epoll' | 'node'
  /** silent: it let the last question of the main thread go by. down: it died. */
  readonly state: 'up' | 'silent' | 'down'
  /** How often it was started again. */
  readonly restarts: number
  readonly connectionsOpen: number
  readonly devicesOnline: number
  readonly rssBytes: number
  readonly cpuUs: number
}

/** What the alarms of a node look at, beside its counters. */
export interface NodeHealth {
  readonly connections: SessionCensus
  /** Time in which the node was ready, and in which it ran. */
  readonly readySeconds: number
  readonly upSeconds: number
  readonly shardsLost: number
  /** How long shards take to answer the main thread. */
  readonly shardAnswers: BucketReport
  readonly shardQuestionsPending: number
  readonly shardQuestionsUnanswered: number
  /** How far the time of day was set since the start; 0 or a rest of ms where it was not. */
  readonly clockOffsetSeconds: number
}

export interface NodeDescription {
  readonly name: string
  readonly version: string
  readonly startedAtMs: number
  readonly state: 'starting' | 'ready' | 'draining'
  readonly connectionsMax: number
  readonly listeners: {
    readonly tcp: readonly string[]
    readonly ws: readonly string[]
    readonly http: string
  }
  readonly counters: NodeCounters
  readonly load: LoadDescription
  readonly store?: StoreCounters
  readonly upstream?: UpstreamState
  readonly shards: readonly ShardDescription[]
  readonly gc: GcSideReport
  readonly health: NodeHealth
  /** All processes of the node together. */
  readonly memory: {
    readonly rssBytes: number
    readonly heapUsedBytes: number
    readonly externalBytes: number
  }
}

export interface Readiness {
  readonly ready: boolean
  /** "draining", "overloaded: loop lag 812 ms"; "" when ready. */
  readonly reason: string
}

export interface NodeControl {
  push(request: PushRequest): Promise<PushOutcome>
  /** What became of a stored push; null where it is unknown or too long ago. */
  receipt(pushId: string): PushReceipt | null
  /** The same of a push through any node of the cluster. */
  receiptElsewhere?(pushId: string): Promise<PushReceipt | null>
  /** Pauses, resumes or cancels a stored broadcast; null where there is none of that id. */
  controlBroadcast(pushId: string, state: BroadcastState): Promise<BroadcastReceipt | null>
  findDevice(deviceId: string): Promise<DeviceState | null>
  /** Closes the device with BYE 4002; false when it is not connected. */
  kickDevice(deviceId: string): Promise<boolean>
  describe(): Promise<NodeDescription>
  counters(): NodeCounters
  /** The keyed hash of a device id, the same on all nodes of a cluster; two u32. */
  hashOf(deviceId: string): { readonly high: number; readonly low: number }
  readiness(): Readiness
  /**
   * Moves devices away at devicesPerSecond (0: as fast as possible) and refuses new ones, all of
   * them with the addresses where to go instead. Resolves when all are gone.
   */
  drain(devicesPerSecond: number, addresses?: readonly string[]): Promise<void>
  /** Takes a drain back: who is left stays, others may come. False: the node is shutting down. */
  undrain(): boolean
  /** Moves some devices to other nodes and stays ready; tells how many. */
  move(order: MoveOrder): Promise<number>
}
