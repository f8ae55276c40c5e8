/**
 * Listeners from `ss -Htnme state listening`: the first figure is the accept queue now, the second
 * the limit in force for this listener, that is min(backlog of listen(), somaxconn at that moment).
 * /proc/net/tcp shows only the former.
 */
import { cgroupOf, inodeOf, socketMemory } from './ss-details.ts'
import { parseSsSockets, type SocketOwner } from './ss-sockets.ts'

export interface ListenerRow {
  readonly address: string
  readonly port: number
  readonly queued: number
  /** The queue takes one more than this: the kernel tests `>`. */
  readonly backlog: number
  /** Packets dropped at this listener since it exists; null when ss did not say. */
  readonly drops: number | null
  readonly inode: number | null
  readonly cgroup: string | null
  readonly owners: readonly SocketOwner[]
}

export function parseSsListeners(text: string): ListenerRow[] | null {
  const { rows, unreadableLines } = parseSsSockets(text, 'LISTEN')
  if (rows.length === 0 && unreadableLines > 0) return null
  return rows
    .filter((row) => row.state === 'LISTEN')
    .map((row) => ({
      address: row.localAddress,
      port: row.localPort,
      queued: row.receiveQueue,
      backlog: row.sendQueue,
      drops: socketMemory(row, 'd'),
      inode: inodeOf(row),
      cgroup: cgroupOf(row),
      owners: row.owners,
    }))
}

/** "0.0.0.0:8080", "[::]:8080". */
export function listenerName(listener: Pick<ListenerRow, 'address' | 'port'>): string {
  const address = listener.address.includes(':') ? `[${listener.address}]` : listener.address
  return `${address}:${listener.port}`
}
