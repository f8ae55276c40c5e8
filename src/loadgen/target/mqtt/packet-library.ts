/**
 * mqtt-packet, loaded with the first broker that is driven: it takes 2 MB of heap and 20 ms in each
 * thread, which the shards of a million other connections have no use for.
 */
import { createRequire } from 'node:module'
import type * as mqtt from 'mqtt-packet'

let loaded: typeof mqtt | null = null

export function packetLibrary(): typeof mqtt {
  loaded ??= createRequire(import.meta.url)('mqtt-packet') as typeof mqtt
  return loaded
}
