/**
 * Which listeners the target is about. With ports named: those. Without: all, but those that only
 * people and machines of the house use are marked secondary, so that an sshd with a queue of 128 is
 * no alarm on a push server.
 */
import type { Facts } from './facts.ts'
import type { ListenerRow } from './parsers/ss-listeners.ts'
import type { Target } from './target.ts'

export interface JudgedListener {
  readonly row: ListenerRow
  /** Not what clients connect to, as far as can be told. */
  readonly secondary: boolean
}

/** ssh, smtp, dns, rpcbind, ntp control, ipp, node exporter. */
const HOUSE_PORTS = new Set([22, 25, 53, 111, 323, 631, 9100])

export function judgedListeners(
  facts: Facts,
  target: Target,
  moment: 'before' | 'after' = 'after',
): JudgedListener[] {
  const { listeners } = facts[moment]
  if (!listeners.known) return []
  return listeners.value
    .filter(({ port }) => target.ports.length === 0 || target.ports.includes(port))
    .map((row) => ({
      row,
      secondary:
        target.ports.length === 0 && (HOUSE_PORTS.has(row.port) || isLoopback(row.address)),
    }))
}

/** The same socket in another sample: by inode where ss tells it, else by address and port. */
export function sameListener(
  rows: readonly ListenerRow[],
  wanted: ListenerRow,
): ListenerRow | undefined {
  return rows.find((row) =>
    row.inode !== null && wanted.inode !== null
      ? row.inode === wanted.inode
      : row.address === wanted.address && row.port === wanted.port,
  )
}

export const OWNER_NOT_KNOWN = 'owner not known'

export function ownersText(row: ListenerRow): string {
  const names = [...new Set(row.owners.map(({ name, pid }) => `${name} (pid ${pid})`))]
  if (names.length > 3) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
  if (names.length > 0) return names.join(', ')
  return row.cgroup === null || row.cgroup === '/' ? OWNER_NOT_KNOWN : row.cgroup
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
