/** What each shard of a node is told when it starts, from the options of the node. */
import { nodeRest } from '../engine/turn-rest.ts'
import { loopLagTickMs, SHARED_CORES_PROCESSES_MIN } from '../stats/loop-lag-recorder.ts'
import { guardOfShard, NO_GUARD } from './guard/guard-settings.ts'
import type { PushNodeOptions } from './node-options.ts'
import type { ShardConfiguration, ShardListener } from './shard-messages.ts'

const SAMPLE_INTERVAL_MS = 1_000
const SAMPLE_INTERVAL_SHARED_MS = 3_000

/** What is the same for all shards of this life of the node. */
export interface NodeIdentity {
  readonly hashKey: Uint32Array
  readonly bootId: number
  readonly deviceEvents: boolean
}

export function configureShard(
  options: PushNodeOptions,
  index: number,
  listeners: readonly ShardListener[],
  { hashKey, bootId, deviceEvents }: NodeIdentity,
): ShardConfiguration {
  const { heartbeatSecondsMin, heartbeatSecondsMax } = options
  return {
    index,
    engine: options.engine,
    capacity: options.rowsPerShard,
    listeners,
    reusePort: options.shardCount > 1 && !options.portPerShard,
    backlog: options.backlog,
    limits: options.limits,
    heartbeatSecondsMin,
    heartbeatSecondsMax,
    hashKey,
    bootId,
    loopLagTickMs: loopLagTickMs(processCount(options)),
    rest: nodeRest(processCount(options)),
    broadcastPerSecond: options.broadcastPerSecond / options.shardCount,
    guard: guardOfShard(options.guard ?? NO_GUARD, options.shardCount),
    upstream: { deviceEvents },
    payloadKeys: options.payloadKeys ?? [],
  }
}

/** A hundred processes that tell their totals every second would keep a core busy with it. */
export function sampleIntervalMs(options: PushNodeOptions): number {
  return processCount(options) >= SHARED_CORES_PROCESSES_MIN
    ? SAMPLE_INTERVAL_SHARED_MS
    : SAMPLE_INTERVAL_MS
}

function processCount({ shardKind, shardCount }: PushNodeOptions): number {
  return shardKind === 'process' ? shardCount : 1
}
