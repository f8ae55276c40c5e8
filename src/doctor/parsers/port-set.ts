/** ip_local_reserved_ports ("8080,9000-9100") and ip_local_port_range ("32768<TAB>60999"). */
import { parseDecimal, words } from './numbers.ts'

export interface PortRange {
  readonly low: number
  readonly high: number
}

export function parsePortRange(text: string): PortRange | null {
  const [low, high, ...rest] = words(text).map(parsePort)
  if (low == null || high == null || rest.length > 0 || low > high) return null
  return { low, high }
}

export function parsePortSet(text: string): PortRange[] | null {
  const ranges: PortRange[] = []
  for (const part of text.trim().split(',')) {
    if (part === '') continue
    const [first = '', last = first] = part.split('-')
    const low = parsePort(first)
    const high = parsePort(last)
    if (low === null || high === null || low > high) return null
    ranges.push({ low, high })
  }
  return ranges
}

/** Ports of `range` that no range of `reserved` covers. */
export function usablePorts(range: PortRange, reserved: readonly PortRange[]): number {
  let usable = 0
  for (let port = range.low; port <= range.high; port += 1) {
    if (!isInPortSet(reserved, port)) usable += 1
  }
  return usable
}

export function isInPortSet(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some((range) => port >= range.low && port <= range.high)
}

function parsePort(text: string): number | null {
  const port = parseDecimal(text.trim())
  return port !== null && port >= 0 && port <= 65_535 ? port : null
}
