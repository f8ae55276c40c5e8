/** The end of a step: sending is over, and what is on its way may still arrive. */
import { nowUs } from '../stats/clock.ts'
import { LATE_AFTER_US } from './pacing/pacer.ts'
import type { RunLimits, RunPeriods } from './run-limits.ts'
import type { RunPublisher } from './run-publisher.ts'
import type { ShardGroup } from './shard-group.ts'
import type { SteadyStage } from './shard-messages.ts'

export interface DrainOrder {
  readonly stage: SteadyStage
  readonly publisher: RunPublisher | null
  readonly limits: RunLimits
  readonly periods: RunPeriods
  /** Beyond the limit: what the target still owes must not be in the way of a further step. */
  readonly extraMs: number
  /** Aborted: what is owed is not waited for longer than the limits. */
  readonly signal: AbortSignal
}

export async function drain(shards: ShardGroup, order: DrainOrder): Promise<void> {
  const { stage, publisher, limits, periods } = order
  if (publisher !== null && !publisher.isDone) {
    // Its own clock ends it; only an end before that needs a word.
    if (nowUs() < stage.endUs) publisher.finish()
    await untilPublished(shards, publisher, order)
  }
  // What is due at the very end may still be sent for as long as it is not late.
  if (nowUs() >= stage.endUs) await pauseUntil(stage.endUs + LATE_AFTER_US)
  shards.tell({ kind: 'stop' })
  let limitUs = nowUs() + (limits.drainMs + order.extraMs) * 1000
  const extraUntilUs = nowUs() + limits.storedExtraMs * 1000
  let come = 0
  for (;;) {
    const leftMs = (limitUs - nowUs()) / 1000
    if (leftMs <= 0 || shards.living.length === 0) return
    // What shards said before they stopped may be old by a second.
    await shards.askAndWait(leftMs)
    const before = come
    come = comeSoFar(shards)
    if (come >= owed(shards, publisher)) return
    if (come > before && nowUs() < extraUntilUs && !order.signal.aborted) {
      limitUs = Math.max(limitUs, nowUs() + limits.drainMs * 1000)
    }
    await pauseUntil(nowUs() + periods.drainLookMs * 1000)
  }
}

async function untilPublished(
  shards: ShardGroup,
  publisher: RunPublisher,
  { limits, signal }: DrainOrder,
): Promise<void> {
  const { publishedMs, storedExtraMs } = limits
  await shards.waitUntil(() => publisher.isDone, publishedMs + storedExtraMs, signal)
  if (publisher.isDone) return
  publisher.finish()
  await shards.waitUntil(() => publisher.isDone, publishedMs)
}

function comeSoFar(shards: ShardGroup): number {
  return shards.sum(({ received, duplicated }) => received - duplicated)
}

/**
 * By the connections that are up now: exact where none was lost, which the report counts exactly.
 */
function owed(shards: ShardGroup, publisher: RunPublisher | null): number {
  if (publisher === null) return shards.sum(({ sent }) => sent)
  const { unicast = null, broadcast = null } = publisher.result ?? {}
  const { sent: toRooms = 0, members = 0 } = unicast?.rooms ?? {}
  const toOne = (unicast?.sends.sent ?? 0) - toRooms + members
  // By whoever sent them: another host's are no sends of ours.
  const { sentInAll = 0, warmupSent = 0 } = broadcast ?? {}
  const toAll = (sentInAll - warmupSent) * shards.alive
  return toOne + toAll
}

function pauseUntil(us: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, (us - nowUs()) / 1000)))
}
