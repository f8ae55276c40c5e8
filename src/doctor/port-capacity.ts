/**
 * How many outgoing connections the ports of this host allow. Uniqueness is asked of the 4-tuple,
 * but a program that binds a source address without a port reserves that port for all destinations:
 * the kernel gives a port before it knows where to.
 */
import { type Fact, known, mapFact, pickFact } from './fact.ts'
import type { Facts } from './facts.ts'
import { type PortRange, parsePortRange, parsePortSet, usablePorts } from './parsers/port-set.ts'
import { sysctlText } from './sysctl-facts.ts'
import type { Target } from './target.ts'

export const PORT_RANGE_KEY = 'net.ipv4.ip_local_port_range'
export const RESERVED_PORTS_KEY = 'net.ipv4.ip_local_reserved_ports'

/** Ports a generator should have: all above the privileged ones. */
export const WIDE_RANGE: PortRange = { low: 1_024, high: 65_535 }

export function portRange(facts: Facts): Fact<PortRange> {
  return pickFact(sysctlText(facts, PORT_RANGE_KEY), parsePortRange, 'is not a range of ports')
}

/** No reserved port where the key is empty or unreadable: older kernels lack it. */
export function reservedPorts(facts: Facts): readonly PortRange[] {
  const text = sysctlText(facts, RESERVED_PORTS_KEY)
  return text.known ? (parsePortSet(text.value) ?? []) : []
}

/** P: ports that connect() may choose. */
export function ephemeralPorts(facts: Facts): Fact<number> {
  return mapFact(portRange(facts), (range) => usablePorts(range, reservedPorts(facts)))
}

/** Connections that can be open at once, given P. */
export function portCapacity(ports: number, target: Target): number {
  return ports * tuplesPerPort(target)
}

/** What one port is worth: S·D, but only S when the source address is bound without a port. */
export function tuplesPerPort(target: Target): number {
  const { sourceAddresses, destinations, bindMode } = target
  if (bindMode === 'address') return sourceAddresses
  return sourceAddresses * destinations
}

/** S that carries N with a tenth of the ports left over. */
export function sourceAddressesNeeded(ports: number, target: Target): number {
  const perAddress = target.bindMode === 'address' ? ports : ports * target.destinations
  return Math.ceil(target.connections / (0.9 * Math.max(1, perAddress)))
}

/** "28,232 ports × 1 source × 1 destination", as the bind mode counts them. */
export function capacityFormula(ports: number, target: Target): string {
  const { sourceAddresses, destinations, bindMode } = target
  const addresses = `source address${sourceAddresses === 1 ? '' : 'es'}`
  const sources = `${ports} ports × ${sourceAddresses} ${addresses}`
  return bindMode === 'address'
    ? `${sources}, whatever the number of destinations, because a bound address reserves its port`
    : `${sources} × ${destinations} destination${destinations === 1 ? '' : 's'}`
}

export function knownPorts(facts: Facts): Fact<{ ports: number; range: PortRange }> {
  const range = portRange(facts)
  if (!range.known) return range
  return known(
    { ports: usablePorts(range.value, reservedPorts(facts)), range: range.value },
    range.source,
  )
}
