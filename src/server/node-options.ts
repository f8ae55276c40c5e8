/** What a push node needs to be told, checked and with every default filled in. */
import type { EngineChoice } from '../engine/create-engine.ts'
import type { ShardKind } from '../engine/shard-host.ts'
import type { PayloadKey } from '../protocol/payload-keys.ts'
import type { LogLimits } from './broadcast/broadcast-log.ts'
import type { ClusterMember } from './cluster/cluster-member.ts'
import type { NodeGuardSettings } from './guard/guard-settings.ts'
import type { ShardLimits, ShardListener } from './shard-messages.ts'
import type { PushStore } from './store/push-store.ts'
import type { WebhookSettings } from './upstream/webhook-target.ts'

export interface PushNodeOptions {
  readonly name: string
  readonly version: string
  readonly listeners: readonly ShardListener[]
  readonly shardCount: number
  readonly shardKind: ShardKind
  /** Each shard listens on ports of its own instead of sharing them. */
  readonly portPerShard: boolean
  readonly engine: EngineChoice
  /** Devices at one time; one more gets BYE 4103. */
  readonly connectionsMax: number
  /** Rows of each shard's connection table. */
  readonly rowsPerShard: number
  readonly backlog: number
  readonly limits: ShardLimits
  readonly heartbeatSecondsMin: number
  readonly heartbeatSecondsMax: number
  /** A device back within it keeps its session; 0: none does. */
  readonly resumeGraceMs?: number
  /** Broadcast deliveries per second of the whole node; 0: as fast as they go. */
  readonly broadcastPerSecond: number
  /** Overload, rates of devices, addresses; without it nothing is limited. */
  readonly guard?: NodeGuardSettings
  /** null lets every device in. */
  readonly verifyDevice: DeviceVerifier | null
  /** Masters of the keys under which payloads are sealed for devices that ask for it. */
  readonly payloadKeys?: readonly PayloadKey[]
  /** Where what devices send goes beside the consumers of GET /v1/upstream. */
  readonly webhooks?: WebhookSettings | null
  /** Of the log of stored broadcasts. */
  readonly log?: LogLimits
  /** Where stored pushes are kept, open and not loaded yet; without it in memory. */
  readonly store?: PushStore
  /** The cluster that this node has joined; its store takes the place of the others. */
  readonly cluster?: ClusterMember
  /** Devices whose place is another node are sent there (BYE 4302). */
  readonly strictPlacement?: boolean
  /** For lines that the operator should see. */
  readonly tell?: (line: string) => void
}

/** true, or the reason why not. */
export type DeviceVerifier = (token: string, deviceId: string) => Promise<true | string>
