/**
 * Which clock and which network a process has, as names that are equal where they are the same:
 * two pods on one machine share the first and not the second.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'

export interface HostIdentity {
  readonly name: string
  readonly clockId: string
  readonly networkId: string
  readonly addresses: readonly string[]
}

export function hostIdentity(): HostIdentity {
  const kernel = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim())
  return {
    name: hostname(),
    // A time namespace has an offset of its own (time_namespaces(7)).
    clockId: joined(kernel, read(() => readlinkSync('/proc/self/ns/time')) ?? 'time'),
    networkId: joined(
      kernel,
      read(() => readlinkSync('/proc/self/ns/net')),
    ),
    addresses: Object.values(networkInterfaces()).flatMap((rows) =>
      (rows ?? []).map(({ address }) => address),
    ),
  }
}

/** Empty where it cannot be read. */
export function readPortRange(): string {
  return read(() => readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')) ?? ''
}

function read(from: () => string): string | null {
  try {
    return from()
  } catch {
    return null
  }
}

/** Empty where it is not known: then it equals nothing. */
function joined(kernel: string | null, namespace: string | null): string {
  return kernel === null || namespace === null ? '' : `${kernel} ${namespace}`
}
