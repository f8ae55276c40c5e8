/**
 * What this host allows the generator, read once before the plan is made. Facts only: the planner
 * judges them, so it can be tested without a host. Where a fact cannot be read (another OS) it is
 * null or a default of the kernel, which never refuses a plan.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { readDescriptorLimit } from '../../engine/descriptor-limit.ts'
import { type HostCapacity, readHostCapacity } from '../../stats/capacity/host-capacity.ts'
import { parseSockstat } from '../../stats/kernel-tables.ts'
import { isLoopback } from '../target/target-address.ts'
import { parseTimeWaitRoutes, reuseFrom, type TimeWaitFacts } from './time-wait.ts'

export interface HostLimits {
  readonly cores: number
  /**
   * RLIMIT_NOFILE, hard: Node raises its soft limit to this by itself. null: unlimited or unknown.
   */
  readonly descriptorsPerProcess: number | null
  /** net.ipv4.ip_local_port_range, both ends included. */
  readonly portFirst: number
  readonly portLast: number
  /** Ports inside the range that net.ipv4.ip_local_reserved_ports takes out. */
  readonly portsReserved: number
  readonly timeWait: TimeWaitFacts
  readonly capacity: HostCapacity
}

/**
 * The kernel's default, where the range cannot be read (Documentation/networking/ip-sysctl.rst).
 */
const DEFAULT_PORT_RANGE = [32_768, 60_999] as const
/**
 * Ports in TIME_WAIT from which on their routes are worth 2 µs each: below, they are no tenth of
 * any port range.
 */
const ROUTES_FROM = 2_000

/** @param targets what will be dialled, as far as it is known: some facts are read for few only. */
export function readHostLimits(
  targets: readonly { readonly address: string }[] = [],
  root = '/',
): HostLimits {
  const read = (path: string): string => {
    try {
      return readFileSync(join(root, path), 'latin1')
    } catch {
      return ''
    }
  }
  const descriptors = readDescriptorLimit()
  const [first, last] = portRange(read('proc/sys/net/ipv4/ip_local_port_range'))
  return {
    cores: availableParallelism(),
    descriptorsPerProcess: Number.isFinite(descriptors) ? descriptors : null,
    portFirst: first,
    portLast: last,
    portsReserved: countReserved(read('proc/sys/net/ipv4/ip_local_reserved_ports'), first, last),
    timeWait: timeWaitFrom(
      read,
      targets.every(({ address }) => isLoopback(address)),
    ),
    capacity: readHostCapacity(root),
  }
}

function timeWaitFrom(read: (path: string) => string, isLoopbackOnly: boolean): TimeWaitFacts {
  const ipv4 = 'proc/sys/net/ipv4'
  const total = parseSockstat(read('proc/net/sockstat')).get('TCP.tw') ?? 0
  const reuse = reuseFrom(read(`${ipv4}/tcp_tw_reuse`), read(`${ipv4}/tcp_timestamps`))
  const isReused = reuse === 'all' || (reuse === 'loopback' && isLoopbackOnly)
  const isWorthwhile = total >= ROUTES_FROM && !isReused
  return { total, reuse, routes: isWorthwhile ? parseTimeWaitRoutes(read('proc/net/tcp')) : null }
}

export function portRange(text: string): readonly [number, number] {
  const match = /^(\d+)\s+(\d+)/.exec(text)
  return match ? [Number(match[1]), Number(match[2])] : DEFAULT_PORT_RANGE
}

/** "8080,9148-9150": single ports and ranges. */
export function countReserved(text: string, first: number, last: number): number {
  let reserved = 0
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (!match) continue
    const low = Math.max(first, Number(match[1]))
    const high = Math.min(last, Number(match[2] ?? match[1]))
    reserved += Math.max(0, high - low + 1)
  }
  return reserved
}
