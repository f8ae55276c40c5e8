/**
 * Which process listens on a port, where `ss -p` would walk the descriptors of every connection. A
 * program opens its listeners early, so they are among its first descriptors: those are looked at,
 * and no others. A listener that was opened late is not found.
 */
import type { ListenerRow } from '../parsers/ss-listeners.ts'
import type { FactSource } from './fact-source.ts'

const DESCRIPTORS_MAX = 128
const PROCESSES_MAX = 1_000

/** Pid → port. */
export async function findListenerOwners(
  source: FactSource,
  listeners: readonly ListenerRow[],
  ports: readonly number[],
): Promise<Map<number, number>> {
  const portByLink = new Map(
    listeners
      .filter(({ inode, port }) => inode !== null && ports.includes(port))
      .map(({ inode, port }) => [`socket:[${inode}]`, port]),
  )
  const owners = new Map<number, number>()
  const names = await source.list('/proc')
  if (portByLink.size === 0 || !names.known) return owners
  const pids = names.value
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => b - a)
    .slice(0, PROCESSES_MAX)
  for (const pid of pids) {
    const size = await source.sizeOf(`/proc/${pid}/fd`)
    // Kernel threads have none; before 6.2 the kernel says 0 of everyone, so it is tried.
    if (!size.known) continue
    const links = await Promise.all(
      Array.from({ length: DESCRIPTORS_MAX }, (_, fd) => source.readLink(`/proc/${pid}/fd/${fd}`)),
    )
    for (const link of links) {
      const port = link.known ? portByLink.get(link.value) : undefined
      if (port !== undefined) owners.set(pid, port)
    }
  }
  return owners
}
