/**
 * The last two steps of a run: every shard says what it found, then closes its connections. Results
 * come first, because closing a hundred thousand connections takes a shard's whole attention.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { RunLimits } from './run-limits.ts'
import type { ShardGroup, ShardState } from './shard-group.ts'

/** @throws PushctlError PUSHCTL_SHARD_LOST where no shard is left to say anything. */
export async function collectResults(shards: ShardGroup, limits: RunLimits): Promise<void> {
  const { living } = shards
  const isDone = ({ result, lost }: ShardState): boolean => result !== null || lost !== null
  // Not again after the last step of a course: that would be what it found, and nothing more.
  if (!living.every(isDone)) shards.tell({ kind: 'finish' })
  await shards.waitUntil(() => living.every(isDone), limits.resultMs)
  if (shards.living.length === 0) throw allShardsLost(shards.states)
}

/**
 * `lanes` shards at a time, as they connected: a hundred that close together keep each other from
 * it.
 */
export async function closeShards(
  shards: ShardGroup,
  { closeMs, closedExtraMs }: RunLimits,
  lanes: number,
): Promise<void> {
  const waiting = [...shards.living]
  const isDone = ({ isClosed, lost }: ShardState): boolean => isClosed || lost !== null
  while (waiting.length > 0) {
    const group = waiting.splice(0, lanes)
    for (const state of group) shards.tellOne(state, { kind: 'close', limitMs: closeMs })
    await shards.waitUntil(() => group.every(isDone), closeMs + closedExtraMs)
  }
}

function allShardsLost(states: readonly ShardState[]): PushctlError {
  const { code = null, signal = null, error = null } = states[0].lost ?? {}
  return new PushctlError('PUSHCTL_SHARD_LOST', 'all generator shards ended during the run', {
    why: error?.message ?? `the first ended with ${signal ?? code}`,
    tries: ['look for the out-of-memory killer in the kernel log', 'fewer --connections'],
  })
}
