/**
 * What each host of a run is to do: connections and rates divided so that they add up exactly,
 * while the broadcasts, which reach the devices of all hosts, stay whole and are one host's.
 */
import { PushctlError } from '../../../errors/pushctl-error.ts'
import { parseSourceAddresses } from '../../../loadgen/plan/source-addresses.ts'
import type { RunStep } from '../../../loadgen/run-course.ts'
import { divideEvenly } from '../../../loadgen/work-division.ts'
import type { WorkloadMode } from '../../../loadgen/workload.ts'
import type { BenchOptions } from '../../bench-settings.ts'

/** A host as far as the division needs to know it. */
export interface SharingHost {
  readonly networkId: string
  readonly addresses: readonly string[]
  readonly ports: readonly [first: number, last: number]
}

export interface HostShare {
  readonly options: BenchOptions
  /** Missing: all of the kernel's range. */
  readonly ports: readonly [first: number, last: number] | null
}

/** @throws PushctlError where an address of --source-ip is nobody's */
export function divideOverHosts(
  options: BenchOptions,
  seed: number,
  hosts: readonly SharingHost[],
): HostShare[] {
  const { connections, connectsPerSecond, messagesPerSecond, unicastCount, mode } = options
  const counts = divideEvenly(connections, hosts.length)
  const unicasts = unicastCount === undefined ? null : divideEvenly(unicastCount, hosts.length)
  const sources = divideSources(options.sourceAddresses, hosts)
  return hosts.map((host, index) => {
    const part = counts[index] / connections
    const rate = messagesPerSecond === undefined ? undefined : messagesPerSecond * part
    return {
      ports: portsOf(host, hosts),
      options: {
        ...options,
        connections: counts[index],
        connectsPerSecond: connectsPerSecond * part,
        messagesPerSecond: mode === 'broadcast' ? messagesPerSecond : rate,
        unicastCount: unicasts === null ? undefined : unicasts[index],
        sourceAddresses: sources[index],
        // Broadcasts are one schedule, which all have to know; all else is each host's own.
        seed: mode === 'broadcast' ? seed : (seed + index) % 2 ** 32,
      },
    }
  })
}

/**
 * What each of so many hosts does of a step: the same hosts have the larger shares in all steps, so
 * none ever has more than of the largest step.
 */
export function divideStep(step: RunStep, mode: WorkloadMode, hosts: number): RunStep[] {
  const { connections, messagesPerSecond } = step
  return divideEvenly(connections, hosts).map((own) => ({
    ...step,
    connections: own,
    messagesPerSecond:
      mode === 'broadcast' || connections === 0
        ? messagesPerSecond
        : messagesPerSecond * (own / connections),
  }))
}

/** Each address to a host that has it; hosts in one network take turns. */
function divideSources(
  text: string | undefined,
  hosts: readonly SharingHost[],
): (string | undefined)[] {
  if (text === undefined) return hosts.map(() => undefined)
  const mine = hosts.map((): string[] => [])
  const strangers: string[] = []
  for (const address of parseSourceAddresses(text)) {
    const owners = mine.filter((_, index) => hasAddress(hosts[index], address))
    const owner = owners.toSorted((a, b) => a.length - b.length)[0]
    if (owner === undefined) strangers.push(address)
    else owner.push(address)
  }
  if (strangers.length > 0) {
    throw new PushctlError(
      'PUSHCTL_ADDRESS_UNAVAILABLE',
      `--source-ip: no host of --on has ${strangers.slice(0, 3).join(', ')}`,
      { why: 'a host connects from addresses of its own interfaces only' },
    )
  }
  return mine.map((addresses) => (addresses.length === 0 ? undefined : addresses.join(',')))
}

/** All of 127.0.0.0/8 is every host's own. */
function hasAddress({ addresses }: SharingHost, address: string): boolean {
  return address.startsWith('127.') || addresses.includes(address)
}

/** Hosts in one network have its ports together: each plans with its part of them. */
function portsOf(host: SharingHost, hosts: readonly SharingHost[]): HostShare['ports'] {
  const { networkId } = host
  const same = hosts.filter((other) => networkId !== '' && other.networkId === networkId)
  if (same.length < 2) return null
  const [first, last] = host.ports
  const widths = divideEvenly(last - first + 1, same.length)
  const place = same.indexOf(host)
  const begin = first + widths.slice(0, place).reduce((sum, width) => sum + width, 0)
  return [begin, begin + widths[place] - 1]
}
