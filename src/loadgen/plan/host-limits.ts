/**
 * What this host allows the generator, read once before the plan is made. Facts only: the planner
 * judges them, so it can be tested without a host. Where a fact cannot be read (another OS) it is
 * null, which never refuses a plan.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, freemem } from 'node:os'
import { join } from 'node:path'
import { readDescriptorLimit } from '../../engine/descriptor-limit.ts'

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
  /** MemAvailable. */
  readonly memoryAvailableBytes: number
}

/**
 * The kernel's default, where the range cannot be read (Documentation/networking/ip-sysctl.rst).
 */
const DEFAULT_PORT_RANGE = [32_768, 60_999] as const

export function readHostLimits(root = '/'): HostLimits {
  const read = (path: string): string => {
    try {
      return readFileSync(join(root, path), 'utf8')
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
    memoryAvailableBytes: availableMemory(read('proc/meminfo')) ?? freemem(),
  }
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

function availableMemory(meminfo: string): number | null {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo)
  return match ? Number(match[1]) * 1024 : null
}
