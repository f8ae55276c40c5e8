/**
 * Every message between the node's main thread and a shard. Batches are parallel typed arrays of
 * one length: row i of each belongs together. `generations` guards against a slot that was reused
 * while the message was on its way.
 */
import type { EngineChoice } from '../engine/create-engine.ts'
import type { EngineKind } from '../engine/socket-engine.ts'
import type { TurnRest } from '../engine/turn-rest.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import type { PayloadKey } from '../protocol/payload-keys.ts'
import type { GcSnapshot } from '../stats/gc-recorder.ts'
import type { LogOrder, LogProgress, LogWanted } from './broadcast/broadcast-messages.ts'
import type { ShardGuardSettings } from './guard/guard-settings.ts'
import type { SignalRows, StoredRows } from './inbox/inbox-messages.ts'
import type { DeviceState } from './node-control.ts'
import type { SessionCensus } from './session-census.ts'
import type { ShardTuning } from './shard-tuning.ts'
import type {
  DeviceEventsSwitch,
  ShardUpstreamSettings,
  UpstreamAnswers,
  UpstreamRows,
} from './upstream/upstream-messages.ts'

export type ListenerCarrier = 'tcp' | 'ws'

export interface ShardListener {
  readonly carrier: ListenerCarrier
  readonly host: string
  readonly port: number
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface ShardLimits {
  readonly frameBytesMax: number
  readonly handshakeMs: number
  readonly sendQueueBytesMax: number
  readonly bufferedBytesMax: number
}

export interface ShardConfiguration {
  readonly index: number
  readonly engine: EngineChoice
  /** Rows of the connection table of this shard. */
  readonly capacity: number
  readonly listeners: readonly ShardListener[]
  readonly reusePort: boolean
  readonly backlog: number
  readonly limits: ShardLimits
  readonly heartbeatSecondsMin: number
  readonly heartbeatSecondsMax: number
  /** Key of the device id hash, the same for all shards of a node: four u32. */
  readonly hashKey: Uint32Array
  /** Upper half of every session id of this node's life. */
  readonly bootId: number
  readonly loopLagTickMs: number
  /** How long its engine waits between two turns; missing: not at all. */
  readonly rest?: TurnRest | undefined
  /** Broadcast deliveries per second of this shard; 0: as fast as they go. */
  readonly broadcastPerSecond: number
  readonly guard?: ShardGuardSettings
  readonly upstream?: ShardUpstreamSettings
  /** Masters of the keys under which payloads are sealed. */
  readonly payloadKeys?: readonly PayloadKey[]
}

export type ShardDown =
  | { readonly kind: 'configure'; readonly configuration: ShardConfiguration }
  /** Answers to HELLOs: code 0 lets the device in, anything else is the BYE it gets. */
  | {
      readonly kind: 'verdicts'
      readonly slots: Int32Array
      readonly generations: Uint16Array
      readonly codes: Uint16Array
      readonly sessionIds: Uint32Array
      /** 1: the session goes on, its id is that of before. */
      readonly resumed: Uint8Array
      /** For WELCOME: the largest sequence number of the device's inbox. */
      readonly inboxSeqs: Float64Array
      /** For code 4302: addresses, by what stands in sessionIds. */
      readonly places?: readonly (readonly string[])[]
    }
  | {
      readonly kind: 'close'
      readonly slots: Int32Array
      readonly generations: Uint16Array
      readonly codes: Uint16Array
    }
  /** One payload per row: payloads[payloadEnds[i - 1], payloadEnds[i]). */
  | {
      readonly kind: 'deliver'
      readonly slots: Int32Array
      readonly generations: Uint16Array
      readonly payloadEnds: Uint32Array
      readonly payloads: Uint8Array
    }
  /** To all joined devices, or to those with the tag. Answered by broadcast-started. */
  | {
      readonly kind: 'broadcast'
      readonly requestId: number
      readonly tag: string | null
      readonly payload: Uint8Array
    }
  | {
      readonly kind: 'describe-device'
      readonly requestId: number
      readonly slot: number
      readonly generation: number
      readonly deviceId: string
    }
  | {
      readonly kind: 'drain'
      readonly devicesPerSecond: number
      readonly code: number
      readonly addresses: readonly string[]
      /** It is over when so many were sent away; without it when none is left. */
      readonly devicesMax?: number
    }
  /** The drain goes on at this rate. */
  | { readonly kind: 'drain-rate'; readonly devicesPerSecond: number }
  /** Who is left stays. */
  | { readonly kind: 'drain-stop' }
  | {
      readonly kind: 'sample'
      readonly requestId: number
      readonly withHistograms: boolean
    }
  | StoredRows
  | LogOrder
  | UpstreamAnswers
  | DeviceEventsSwitch
  /** How far this shard is degraded (guard/node-load.ts). */
  | { readonly kind: 'load'; readonly level: number }
  | ShardTuning
  /** Tags of a session that goes on; its device may have more. */
  | {
      readonly kind: 'bind'
      readonly slot: number
      readonly generation: number
      readonly tags: readonly string[]
    }
  | { readonly kind: 'stop' }

export type ShardUp =
  | {
      readonly kind: 'listening'
      readonly listeners: readonly ShardListener[]
      readonly engine: EngineKind
    }
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly why: string | null
      readonly tries: readonly string[]
    }
  /**
   * hashes: two u32 a row. Tokens and ids as in `deliver`; both empty where the node has no device
   * auth.
   */
  | {
      readonly kind: 'hellos'
      readonly slots: Int32Array
      readonly generations: Uint16Array
      readonly hashes: Uint32Array
      readonly textEnds: Uint32Array
      readonly texts: Uint8Array
      /** HELLO_FLAG bits, and what the device has received of its inbox. */
      readonly flags: Uint8Array
      readonly inboxSeqs: Float64Array
    }
  | {
      readonly kind: 'gone'
      readonly slots: Int32Array
      readonly generations: Uint16Array
      readonly hashes: Uint32Array
      /** 0: it was ended for good, or had not begun. */
      readonly sessionIds: Uint32Array
      /** Where a session had bound tags since HELLO: all that it had. */
      readonly keptTags?: readonly { readonly row: number; readonly tags: readonly string[] }[]
    }
  /** receivers is QUEUE_FULL where it was refused. */
  | { readonly kind: 'broadcast-started'; readonly requestId: number; readonly receivers: number }
  | { readonly kind: 'device'; readonly requestId: number; readonly state: DeviceState | null }
  | { readonly kind: 'sample'; readonly requestId: number; readonly sample: ShardSample }
  | SignalRows
  | LogProgress
  | LogWanted
  | UpstreamRows
  | { readonly kind: 'drained' }

/** Running totals of one shard since it started. */
export interface ShardTotals {
  connectionsAccepted: number
  connectionsOpen: number
  devicesOnline: number
  framesReceived: number
  messagesSent: number
  heartbeats: number
  bytesReceived: number
  bytesSent: number
  bufferedBytes: number
  acceptsDeferred: number
  /** By name: BYE reasons, HTTP refusals, peer-end, peer-reset … */
  closes: Record<string, number>
  /** By reason (guard/refusal-counts.ts). */
  refusals: Readonly<Record<string, number>>
}

export interface ShardSample {
  readonly totals: ShardTotals
  /** null where they were not asked for. */
  readonly histograms: {
    readonly gc: readonly GcSnapshot[]
    readonly loopLag: Uint8Array
  } | null
  /** null where histograms were not asked for. */
  readonly census: SessionCensus | null
  /** Mean lateness of the event loop since the last sample without histograms. */
  readonly loopLagUs: number
  readonly rssBytes: number
  readonly heapUsedBytes: number
  readonly externalBytes: number
  readonly cpuUs: number
}
