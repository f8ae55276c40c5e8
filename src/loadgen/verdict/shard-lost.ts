/** A shard that died took its connections and its measurements with it. */
import type { VerdictRule } from './verdict-facts.ts'

export const shardLost: VerdictRule = ({ shards, shardsLost }) => {
  if (shardsLost === 0) return null
  return {
    level: shardsLost === shards ? 'INVALID' : 'SUSPECT',
    reason:
      `${shardsLost} of ${shards} generator shards died; their connections count as failed: ` +
      'look for the out-of-memory killer in the kernel log',
  }
}
