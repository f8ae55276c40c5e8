/**
 * Who holds TIME_WAIT: rows of `ss -Htan state time-wait` counted by peer and by direction. The
 * side that closed first keeps the TIME_WAIT, so every row here was closed first by this host; a
 * local port that listens means the peer had dialled.
 */
import type { SocketRow } from './ss-sockets.ts'

export interface TimeWaitPeer {
  /** in: the peer connected to us; out: we connected to it. */
  readonly direction: 'in' | 'out'
  /** For `in` the local listener port and peer address, for `out` the destination. */
  readonly localPort: number | null
  readonly peer: string
  readonly count: number
}

export interface TimeWaitCensus {
  readonly counted: number
  /** True when reading stopped at a limit: shares hold, totals do not. */
  readonly partial: boolean
  readonly inbound: number
  readonly outbound: number
  /** Largest first, at most PEERS_MAX. */
  readonly peers: readonly TimeWaitPeer[]
}

const PEERS_MAX = 20

export function countTimeWait(
  rows: readonly SocketRow[],
  listeningPorts: ReadonlySet<number>,
  partial: boolean,
): TimeWaitCensus {
  const peers = new Map<string, { direction: 'in' | 'out'; row: SocketRow; count: number }>()
  let inbound = 0
  for (const row of rows) {
    const direction = listeningPorts.has(row.localPort) ? 'in' : 'out'
    if (direction === 'in') inbound += 1
    const key =
      direction === 'in'
        ? `in ${row.localPort} ${row.peerAddress}`
        : `out ${row.peerAddress} ${row.peerPort}`
    const entry = peers.get(key)
    if (entry === undefined) peers.set(key, { direction, row, count: 1 })
    else entry.count += 1
  }
  const largest = [...peers.values()].sort((a, b) => b.count - a.count).slice(0, PEERS_MAX)
  return {
    counted: rows.length,
    partial,
    inbound,
    outbound: rows.length - inbound,
    peers: largest.map(({ direction, row, count }) => ({
      direction,
      localPort: direction === 'in' ? row.localPort : null,
      peer: direction === 'in' ? row.peerAddress : `${row.peerAddress}:${row.peerPort}`,
      count,
    })),
  }
}
