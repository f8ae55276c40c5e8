/**
 * The ports connect() may choose, against the connections a generator wants. A server needs none of
 * them.
 */
import { counted, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { usablePorts } from '../../parsers/port-set.ts'
import {
  capacityFormula,
  knownPorts,
  PORT_RANGE_KEY,
  portCapacity,
  reservedPorts,
  WIDE_RANGE,
} from '../../port-capacity.ts'
import { type Setting, setSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { actsAsLoadgen, type Target } from '../../target.ts'

const WARN_SHARE = 0.85

export const portsRange: Check = {
  id: 'ports/range',
  title: 'Ephemeral ports',
  family: 'ports',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source:
    'net/ipv4/inet_hashtables.c __inet_hash_connect, net/ipv4/sysctl_net_ipv4.c ' +
    'ipv4_local_port_range',
  why:
    'Every outgoing connection to one destination needs a port of its own on each source ' +
    'address. ' +
    'As the range fills, connect() probes port by port and gets slower before it fails.',
  explain: `Capacity = ports × source addresses × destinations; see ports/source-ips for when
the destinations do not count.

1024 to 65535 gives 64,512. Keep the low end at or above ip_unprivileged_port_start, or kernels
from 4.19 on refuse the write (the "1000 65535" of several guides), and give the two ends
opposite parity, or the kernel complains: connect() tries ports of the low end's parity first,
bind(0) those of the other.

On a server leave it alone: incoming connections all arrive at the listener's port. "65,535
connections at most" is a limit of one client address towards one server port, never of a
server.`,
  evaluate: evaluateRange,
}

function evaluateRange(facts: Facts, target: Target): Finding {
  const known = knownPorts(facts)
  if (!known.known) return unknownFinding(portsRange, known)
  const { ports, range } = known.value
  const evidence = [
    `${known.source}: ${range.low} to ${range.high}, ${counted(ports, 'usable port')}`,
  ]
  if (!actsAsLoadgen(target)) {
    return findingOf(portsRange, {
      status: 'ok',
      observed: `${range.low} to ${range.high}`,
      needed: 'nothing: incoming connections take no port of this range',
      evidence,
    })
  }
  const capacity = portCapacity(ports, target)
  const share = capacity > 0 ? target.connections / capacity : Number.POSITIVE_INFINITY
  const status: Status = share > 1 ? 'critical' : share > WARN_SHARE ? 'warn' : 'ok'
  return findingOf(portsRange, {
    status,
    observed: `room for ${counted(capacity, 'connection')} (${capacityFormula(ports, target)})`,
    needed: `${counted(target.connections, 'connection')} under ${percent(WARN_SHARE)} of capacity`,
    evidence,
    settings: status === 'ok' ? [] : widening(facts, ports),
    ...(status !== 'ok' && widening(facts, ports).length === 0
      ? { fixNow: 'the range is as wide as it can be: add source addresses (ports/source-ips)' }
      : {}),
  })
}

function widening(facts: Facts, ports: number): Setting[] {
  const unprivileged = sysctlNumber(facts, 'net.ipv4.ip_unprivileged_port_start')
  const low = Math.max(WIDE_RANGE.low, unprivileged.known ? unprivileged.value : WIDE_RANGE.low)
  // The two ends must differ in parity: 65535 is odd, so the low end is made even.
  const evenLow = low % 2 === 0 ? low : low + 1
  const wide = { low: evenLow, high: WIDE_RANGE.high }
  if (wide.low >= wide.high || usablePorts(wide, reservedPorts(facts)) <= ports) return []
  return [setSysctl(PORT_RANGE_KEY, `${wide.low} ${wide.high}`, 'outgoing connections need ports')]
}
