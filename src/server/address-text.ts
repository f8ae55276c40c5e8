/** Addresses as people write them. */
import type { ShardListener } from './shard-messages.ts'

/** "host:port", with brackets around IPv6. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Of the listeners of one carrier. */
export function addressesOf(
  listeners: readonly ShardListener[],
  carrier: ShardListener['carrier'],
): string[] {
  return listeners
    .filter((listener) => listener.carrier === carrier)
    .map(({ host, port }) => addressText(host, port))
}
