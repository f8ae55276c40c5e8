/**
 * Lets shards connect a group at a time, `lanes` of them together. A group starts when the time of
 * the one before is over and that one is done, so on a host that is slower than planned groups do
 * not pile up. What this costs is the plan: the schedules of later groups slip by as much, and the
 * connect rate of the report says so; within a group connects count from their intended times.
 */
import { nowUs } from '../stats/clock.ts'
import { FAIL_FAST_COUNT } from './run-limits.ts'
import type { ShardGroup, ShardState } from './shard-group.ts'

export type ConnectingShards = Pick<ShardGroup, 'states' | 'sum' | 'tellOne' | 'waitUntil'>

export interface ConnectOrder {
  /** When the first connect is due, on the monotonic clock. */
  readonly startUs: number
  readonly connectsPerSecond: number
  /** Of all that the shards have room for; missing: all. */
  readonly connections?: number
  readonly lanes: number
  /** Beyond the planned time of a group, and again for as long as it gets on. */
  readonly extraMs: number
}

/** Resolves when all connections were tried or none comes up, or when nothing moves any more. */
export async function connectInLanes(
  shards: ConnectingShards,
  { startUs, connectsPerSecond, connections, lanes, extraMs }: ConnectOrder,
  signal: AbortSignal,
): Promise<void> {
  const { states } = shards
  const wanted = connections ?? connectionsOf(states)
  let plannedUs = startUs
  let slipUs = 0
  for (let first = 0; first < states.length; first += lanes) {
    const group = states.slice(first, first + lanes)
    const waitMs = millisecondsUntil(plannedUs + slipUs)
    if (waitMs > 0) await shards.waitUntil(() => false, waitMs, signal)
    if (signal.aborted) return
    slipUs = Math.max(slipUs, nowUs() - plannedUs)
    for (const state of group) {
      if (state.lost === null) {
        shards.tellOne(state, { kind: 'connect', startUs: startUs + slipUs, connections: wanted })
      }
    }
    plannedUs += (connectionsOf(group) * 1e6) / connectsPerSecond
    const limitMs = millisecondsUntil(plannedUs + slipUs) + extraMs
    if (!(await hasTried(shards, group, limitMs, extraMs, signal))) return
  }
}

function connectionsOf(states: readonly ShardState[]): number {
  return states.reduce((sum, state) => sum + state.connections, 0)
}

/** False where no connection comes up: the others need not try. One that hangs is left alone. */
async function hasTried(
  shards: ConnectingShards,
  group: readonly ShardState[],
  limitMs: number,
  extraMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const isTried = (): boolean => group.every((state) => state.isConnected || state.lost !== null)
  const failed = (): number => shards.sum((progress) => progress.failed)
  const established = (): number => shards.sum((progress) => progress.established)
  const isHopeless = (): boolean => established() === 0 && failed() >= FAIL_FAST_COUNT
  const isOver = (): boolean => isTried() || isHopeless()
  let waitMs = limitMs
  for (let settled = -1; settled < established() + failed(); ) {
    // A host that is slower than planned is waited for as long as it gets on.
    settled = established() + failed()
    if (await shards.waitUntil(isOver, waitMs, signal)) return !isHopeless()
    if (signal.aborted) return false
    waitMs = extraMs
  }
  return true
}

function millisecondsUntil(us: number): number {
  return Math.max(0, (us - nowUs()) / 1000)
}
