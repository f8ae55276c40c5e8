/** How the shards of a node are started: on the same ports, or each on ports of its own. */
import type { PushNodeOptions } from './node-options.ts'
import { assertPortsFree } from './port-probe.ts'
import type { ShardGroup } from './shard-group.ts'
import type { ShardConfiguration, ShardListener } from './shard-messages.ts'

type Configure = (index: number, listeners: readonly ShardListener[]) => ShardConfiguration

/** Resolves with the listeners of the node, with real ports. */
export function startShards(
  options: PushNodeOptions,
  group: ShardGroup,
  configure: Configure,
): Promise<readonly ShardListener[]> {
  return options.portPerShard
    ? startApart(options, group, configure)
    : startShared(options, group, configure)
}

/** All shards on the same ports: the kernel spreads connections over them by hash. */
async function startShared(
  { shardCount, shardKind, listeners }: PushNodeOptions,
  group: ShardGroup,
  configure: Configure,
): Promise<readonly ShardListener[]> {
  if (shardCount > 1) await assertPortsFree(listeners)
  // The first shard finds out the ports where 0 was asked for; the others share them.
  const opened = await group.start(shardKind, configure(0, listeners))
  const withTls = opened.map((listener, i) => ({ ...listeners[i], ...listener }))
  const others = Array.from({ length: shardCount - 1 }, (_, i) =>
    group.start(shardKind, configure(i + 1, withTls)),
  )
  await Promise.all(others)
  return opened
}

/** Each shard on ports of its own, counted up from those asked for. In the order of shards. */
async function startApart(
  { shardCount, shardKind, listeners }: PushNodeOptions,
  group: ShardGroup,
  configure: Configure,
): Promise<readonly ShardListener[]> {
  const opened = Array.from({ length: shardCount }, (_, index) => {
    const own = listeners.map((listener) => ({
      ...listener,
      port: listener.port === 0 ? 0 : listener.port + index,
    }))
    return group.start(shardKind, configure(index, own))
  })
  return (await Promise.all(opened)).flat()
}
