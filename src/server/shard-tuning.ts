/**
 * What a node can change while devices are connected: rates, limits on time, lists of addresses,
 * payload keys. What sizes a table, a buffer or a socket is not here: that takes a restart.
 */
import type { PayloadKey } from '../protocol/payload-keys.ts'
import {
  guardOfShard,
  type NodeGuardSettings,
  type ShardGuardSettings,
} from './guard/guard-settings.ts'
import type { ShardParts } from './shard-parts.ts'

/** Of the whole node. */
export interface NodeTuning {
  readonly handshakeMs: number
  readonly heartbeatSecondsMin: number
  readonly heartbeatSecondsMax: number
  /** 0: as fast as they go. */
  readonly broadcastPerSecond: number
  readonly guard: NodeGuardSettings
  readonly payloadKeys: readonly PayloadKey[]
}

/** Main → shard: its share of that. */
export interface ShardTuning extends Omit<NodeTuning, 'guard'> {
  readonly kind: 'tune'
  readonly guard: ShardGuardSettings
}

export function tuningOfShard(tuning: NodeTuning, shardCount: number): ShardTuning {
  return {
    ...tuning,
    kind: 'tune',
    broadcastPerSecond: tuning.broadcastPerSecond / shardCount,
    guard: guardOfShard(tuning.guard, shardCount),
  }
}

export function tuneShard(parts: ShardParts, tuning: ShardTuning): void {
  const { heartbeatSecondsMin: secondsMin, heartbeatSecondsMax: secondsMax } = tuning
  parts.timers.handshakeMs = tuning.handshakeMs
  parts.heartbeats.setBounds({ secondsMin, secondsMax })
  parts.broadcasts.setPace(tuning.broadcastPerSecond)
  parts.guard.tune(tuning.guard)
  parts.seals.replaceMasters(tuning.payloadKeys)
}
