/** Asks all shards for their running totals, and keeps the answers. */
import type { ShardGroup } from './shard-group.ts'
import type { ShardLedger } from './shard-ledger.ts'

export async function sampleShards(
  group: ShardGroup,
  ledger: ShardLedger,
  withHistograms: boolean,
): Promise<void> {
  await Promise.all(
    group.alive.map(async (shard) => {
      const answer = await group.ask<'sample'>(shard, (requestId) => ({
        kind: 'sample',
        withHistograms,
        requestId,
      }))
      ledger.record(shard, answer?.sample ?? null)
    }),
  )
}
