/**
 * Local ports that the last minute's connections still hold: TIME_WAIT keeps a 4-tuple from being
 * dialled again for 60 s, unless the kernel may reuse it (net.ipv4.tcp_tw_reuse, which wants
 * timestamps; 2 means on loopback, the default since Linux 4.19). Counted from sockstat, which
 * costs nothing; which route they are on is looked up only where there are many.
 */
import { isLoopback } from '../target/target-address.ts'

export interface TimeWaitFacts {
  /** Of this network namespace. */
  readonly total: number
  /** Destinations on which the kernel reuses them. */
  readonly reuse: 'none' | 'loopback' | 'all'
  /** By source address, then "address:port" of the destination; null: not looked up. */
  readonly routes: TimeWaitRoutes | null
}

export type TimeWaitRoutes = ReadonlyMap<string, ReadonlyMap<string, number>>

interface Destination {
  readonly address: string
  readonly port: number
}

/**
 * The most ports in TIME_WAIT from one of the sources to one of the destinations: exact where the
 * routes are known, else all there are.
 * @param sources empty: the kernel's choice, so any address may be the one
 */
export function portsInTimeWait(
  facts: TimeWaitFacts,
  sources: readonly string[],
  targets: readonly Destination[],
): number {
  const held = targets.filter(({ address }) => !isReused(facts, address))
  if (held.length === 0) return 0
  const { routes } = facts
  if (routes === null || held.some(({ address }) => address.includes(':'))) return facts.total
  const from = sources.length === 0 ? [...routes.keys()] : sources
  const counts = from.flatMap((source) =>
    held.map(({ address, port }) => routes.get(source)?.get(`${address}:${port}`) ?? 0),
  )
  return Math.max(0, ...counts)
}

/** TCP_TIMEWAIT_LEN (include/net/tcp.h), and net.ipv4.tcp_tw_reuse_delay where it is reused. */
const HELD_SECONDS = { untilEnd: 60, untilReuse: 1 } as const

/** How long the port of a connection that we closed is missing to the next one. */
export function portHeldSeconds(
  facts: TimeWaitFacts,
  targets: readonly { readonly address: string }[],
): number {
  const isAllReused = targets.every(({ address }) => isReused(facts, address))
  return isAllReused ? HELD_SECONDS.untilReuse : HELD_SECONDS.untilEnd
}

function isReused({ reuse }: TimeWaitFacts, address: string): boolean {
  return reuse === 'all' || (reuse === 'loopback' && isLoopback(address))
}

/** @param reuse, timestamps text of net.ipv4.tcp_tw_reuse and tcp_timestamps */
export function reuseFrom(reuse: string, timestamps: string): TimeWaitFacts['reuse'] {
  if (timestamps.trim() === '0') return 'none'
  return reuse.trim() === '1' ? 'all' : reuse.trim() === '2' ? 'loopback' : 'none'
}

const TIME_WAIT_STATE = '06'

/**
 * Rows of /proc/net/tcp in TIME_WAIT, IPv4 only: addresses are 32-bit words in host order, which is
 * little-endian on every machine that Node runs on but s390x (net/ipv4/tcp_ipv4.c
 * get_timewait4_sock).
 */
export function parseTimeWaitRoutes(text: string): TimeWaitRoutes {
  const routes = new Map<string, Map<string, number>>()
  const row = /^ *\d+: ([0-9A-F]{8}):[0-9A-F]{4} ([0-9A-F]{8}):([0-9A-F]{4}) ([0-9A-F]{2}) /gm
  for (const [, local, remote, port, state] of text.matchAll(row)) {
    if (state !== TIME_WAIT_STATE) continue
    const source = addressFrom(local)
    const destination = `${addressFrom(remote)}:${Number.parseInt(port, 16)}`
    const counts = routes.get(source) ?? new Map<string, number>()
    routes.set(source, counts)
    counts.set(destination, (counts.get(destination) ?? 0) + 1)
  }
  return routes
}

function addressFrom(word: string): string {
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16))
  return bytes.join('.')
}
