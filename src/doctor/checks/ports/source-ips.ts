/**
 * How many source addresses a generator needs. The answer depends on how it binds, which is
 * measured, not guessed.
 */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import {
  capacityFormula,
  knownPorts,
  portCapacity,
  reservedPorts,
  sourceAddressesNeeded,
  WIDE_RANGE,
} from '../../port-capacity.ts'
import { usablePorts } from '../../parsers/port-set.ts'
import type { Target } from '../../target.ts'

const WARN_SHARE = 0.9

export const portsSourceIps: Check = {
  id: 'ports/source-ips',
  title: 'Source addresses',
  family: 'ports',
  roles: ['loadgen'],
  scope: 'netns',
  source: 'net/ipv4/inet_hashtables.c __inet_check_established, ip(7) IP_BIND_ADDRESS_NO_PORT',
  why:
    'One source address has at most 64,512 ports towards one destination, so a million ' +
    'connections need 18 addresses. ' +
    'A program that binds an address without a port spends that port for all destinations.',
  explain: `Three ways to bind, three capacities:

no source address: ports × destinations, from the one address the route gives. Source address
without port, as Node's localAddress does: ports × addresses, whatever the number of
destinations, because the port is reserved by bind(), before the destination is known. Source
address and port (localAddress and localPort): ports × addresses × destinations.

Addresses needed = connections / (0.9 × what one address gives). A million to one destination:
18 with the range 1024-65535, 40 with the default range. On loopback any address of 127.0.0.0/8
can be a source.

To add one: ip address add 192.0.2.11/24 dev eth0. Several network namespaces, each with its
range, do the same.`,
  evaluate: evaluateSourceIps,
}

function evaluateSourceIps(facts: Facts, target: Target): Finding {
  const known = knownPorts(facts)
  if (!known.known) return unknownFinding(portsSourceIps, known)
  const { ports } = known.value
  const capacity = portCapacity(ports, target)
  const need = sourceAddressesNeeded(ports, target)
  const widePorts = Math.max(ports, usablePorts(WIDE_RANGE, reservedPorts(facts)))
  const needWide = sourceAddressesNeeded(widePorts, target)
  const status: Status =
    target.connections > capacity
      ? 'critical'
      : target.connections > WARN_SHARE * capacity
        ? 'warn'
        : 'ok'
  const evidence = [`${known.source}: ${counted(ports, 'usable port')}`]
  const { localAddresses } = facts.network
  if (localAddresses.known) {
    evidence.push(
      `${localAddresses.source}: ` +
        counted(localAddresses.value.length, 'global address', 'global addresses'),
    )
  }
  const alternative =
    needWide < need ? `, or ${needWide} with ports ${WIDE_RANGE.low} to ${WIDE_RANGE.high}` : ''
  return findingOf(portsSourceIps, {
    status,
    observed: `room for ${counted(capacity, 'connection')} (${capacityFormula(ports, target)})`,
    needed:
      `${need} source address${need === 1 ? '' : 'es'} for ${grouped(target.connections)} ` +
      `connections${alternative}`,
    evidence,
    ...(status === 'ok'
      ? {}
      : {
          fixNow: `give the generator ${needWide} source addresses (--source-ip)`,
          fixForGood:
            'ip address add …, one per source; or bind address and port; or several network ' +
            'namespaces',
        }),
  })
}
