/**
 * What protects a node from its clients: every limit with its unit, 0 where there is none. Plain
 * values, because a shard gets them in a message.
 */
import type { LoadLimits } from './node-load.ts'

export interface ShardGuardSettings {
  /** Connections taken per second; beyond it they wait in the accept queue. */
  readonly connectsPerSecond: number
  /** The same while the node is loaded, where `connectsPerSecond` sets no other. */
  readonly loadedConnectsPerSecond: number
  /** Frames that one device may send per second; then 4101. */
  readonly deviceFramesPerSecond: number
  /** Bytes of frames that one device may send per second; then 4101. */
  readonly deviceBytesPerSecond: number
  /** Pushes that one device is sent per second; those beyond are dropped and counted. */
  readonly devicePushesPerSecond: number
  /** CIDR blocks; where some are allowed, all others are not. `deny` wins. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** Balancers: their connections begin with a PROXY header. */
  readonly proxyFrom: readonly string[]
  /** Connections per second from one address; then 4101, or 429. */
  readonly addressConnectsPerSecond: number
  /** Pages that may open a WebSocket; none: all may. */
  readonly origins: readonly string[]
}

export interface NodeGuardSettings extends ShardGuardSettings, LoadLimits {}

/** Enough for a node that recovers, and a hundredth of what breaks it. */
const LOADED_CONNECTS_PER_SECOND = 1_000

export const NO_GUARD: NodeGuardSettings = {
  connectsPerSecond: 0,
  loadedConnectsPerSecond: LOADED_CONNECTS_PER_SECOND,
  deviceFramesPerSecond: 0,
  deviceBytesPerSecond: 0,
  devicePushesPerSecond: 0,
  allow: [],
  deny: [],
  proxyFrom: [],
  addressConnectsPerSecond: 0,
  origins: [],
  memoryBytesMax: 0,
  loopLagMsMax: 0,
}

/** Rates of the node are divided: the kernel spreads connections evenly over its shards. */
export function guardOfShard(settings: NodeGuardSettings, shardCount: number): ShardGuardSettings {
  return {
    ...settings,
    connectsPerSecond: settings.connectsPerSecond / shardCount,
    loadedConnectsPerSecond: settings.loadedConnectsPerSecond / shardCount,
    addressConnectsPerSecond: settings.addressConnectsPerSecond / shardCount,
  }
}
