/** Asks all shards for their running totals, and keeps the answers. */
import { setTimeout as after } from 'node:timers/promises'
import type { ShardGroup } from './shard-group.ts'
import type { ShardLedger } from './shard-ledger.ts'

/** The last shard is asked `spreadMs` after the first: many that answer at once keep all cores. */
export async function sampleShards(
  group: ShardGroup,
  ledger: ShardLedger,
  withHistograms: boolean,
  spreadMs = 0,
): Promise<void> {
  const { alive } = group
  await Promise.all(
    alive.map(async (shard, i) => {
      if (spreadMs > 0) await after((spreadMs * i) / alive.length, undefined, { ref: false })
      if (!shard.isAlive) return
      const answer = await group.ask<'sample'>(shard, (requestId) => ({
        kind: 'sample',
        withHistograms,
        requestId,
      }))
      ledger.record(shard, answer?.sample ?? null)
    }),
  )
}
