/**
 * /proc/net/sockstat and sockstat6. Scopes differ inside one file: `inuse`, `tw` and `used` belong
 * to the network namespace, `orphan`, `alloc` and `mem` to the host. A server on `::` counts IPv4
 * clients in sockstat6.
 */
import { lines, parseDecimal, words } from './numbers.ts'

export interface Sockstat {
  readonly socketsUsed: number
  /** Sockets in the established table, IPv4, without TIME_WAIT. */
  readonly tcpInUse: number
  /** 0 when the host has no IPv6. */
  readonly tcp6InUse: number
  readonly orphans: number
  /** IPv4 and IPv6, FIN_WAIT2 mini-sockets included. */
  readonly timeWait: number
  readonly tcpAllocated: number
  readonly tcpMemoryPages: number
}

export function parseSockstat(text: string, text6: string): Sockstat | null {
  const rows = sockstatRows(text)
  const tcp = rows.TCP
  const used = rows.sockets?.used
  if (tcp === undefined || used === undefined) return null
  const { inuse, orphan, tw, alloc, mem } = tcp
  if (inuse === undefined || orphan === undefined || tw === undefined) return null
  if (alloc === undefined || mem === undefined) return null
  return {
    socketsUsed: used,
    tcpInUse: inuse,
    tcp6InUse: sockstatRows(text6).TCP6?.inuse ?? 0,
    orphans: orphan,
    timeWait: tw,
    tcpAllocated: alloc,
    tcpMemoryPages: mem,
  }
}

function sockstatRows(text: string): Record<string, Record<string, number>> {
  const rows: Record<string, Record<string, number>> = Object.create(null)
  for (const line of lines(text)) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const row: Record<string, number> = Object.create(null)
    const pairs = words(line.slice(colon + 1))
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const value = parseDecimal(pairs[index + 1] ?? '')
      if (value !== null && value >= 0) row[pairs[index] ?? ''] = value
    }
    rows[line.slice(0, colon).trim()] = row
  }
  return rows
}
