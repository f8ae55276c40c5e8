/** The devices over HTTP of a node, put together from what the node has. */
import type { PushNodeOptions } from '../node-options.ts'
import type { ShardGroup } from '../shard-group.ts'
import type { ShardConfiguration, ShardListener } from '../shard-messages.ts'
import { HttpDevices } from './http-devices.ts'
import { LocalShard } from './local-shard.ts'

/** Each costs the node some 20 KB, and they share the main thread. */
export const HTTP_DEVICES_MAX = 10_000
/** Frames travel as on TCP; no port is opened. */
const LISTENER: ShardListener = { carrier: 'tcp', host: 'http', port: 0 }

export function createHttpDevices(
  options: PushNodeOptions,
  group: ShardGroup,
  configurationOf: (index: number, listeners: readonly ShardListener[]) => ShardConfiguration,
): HttpDevices {
  const startEngine = async () => {
    const link = new LocalShard(options.shardCount)
    const configuration = configurationOf(link.index, [LISTENER])
    const { guard } = configuration
    const local = {
      ...configuration,
      capacity: Math.min(configuration.capacity, HTTP_DEVICES_MAX),
      // What a balancer says about a device it says in HTTP here, if at all.
      ...(guard ? { guard: { ...guard, proxyFrom: [] } } : {}),
    }
    await group.start('thread', local, link)
    if (!link.engine) throw new Error('a shard that listens has an engine')
    return link.engine
  }
  return new HttpDevices({ startEngine, verifyDevice: options.verifyDevice })
}
