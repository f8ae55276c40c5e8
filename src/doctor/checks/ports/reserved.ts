/**
 * Ports that listen inside the ephemeral range: an outgoing connection can take them while the
 * service restarts.
 */
import { counted } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { isLoopback } from '../../judged-listeners.ts'
import { isInPortSet } from '../../parsers/port-set.ts'
import type { ListenerRow } from '../../parsers/ss-listeners.ts'
import { portRange, RESERVED_PORTS_KEY, reservedPorts } from '../../port-capacity.ts'
import { setSysctl } from '../../setting.ts'
import { sysctlText } from '../../sysctl-facts.ts'
import { actsAsLoadgen, type Target } from '../../target.ts'

/**
 * More than this many are ports the kernel chose, not services: a list of them would help nobody.
 */
const PORTS_MAX = 50
/** Default start of the range: a listener on loopback above it most likely asked for port 0. */
const CHOSEN_PORTS_START = 32_768

export const portsReserved: Check = {
  id: 'ports/reserved',
  title: 'Services inside the ephemeral range',
  family: 'ports',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'Documentation/networking/ip-sysctl.rst ip_local_reserved_ports',
  why:
    'A service whose port lies in the ephemeral range may find it taken by an outgoing ' +
    'connection when it restarts. ' +
    'Reserved ports are skipped by connect() and bind(0); binding them by number still works.',
  explain: `net.ipv4.ip_local_reserved_ports is a list of ports and ranges: 8080,9000-9100. It
matters most where the range has been widened to 1024-65535 and the host also dials out.

A port that a program got from the kernel by listening on port 0 needs no reservation. Listeners
on loopback above 32,768 are taken for such, unless --port names them.`,
  evaluate: evaluateReserved,
}

function evaluateReserved(facts: Facts, target: Target): Finding {
  const { listeners } = facts.after
  if (!listeners.known) return unknownFinding(portsReserved, listeners)
  const range = portRange(facts)
  if (!range.known) return unknownFinding(portsReserved, range)
  const reserved = reservedPorts(facts)
  const exposed = [
    ...new Set(
      listeners.value
        .filter((row) => !isLikelyChosenByKernel(row) || target.ports.includes(row.port))
        .map(({ port }) => port)
        .filter((port) => isInPortSet([range.value], port) && !isInPortSet(reserved, port)),
    ),
  ].sort((a, b) => a - b)
  const evidence = [
    `${range.source}: ${range.value.low} to ${range.value.high}`,
    `${listeners.source}: ${counted(listeners.value.length, 'listener')}`,
  ]
  if (exposed.length === 0) {
    return findingOf(portsReserved, { status: 'ok', observed: 'none', evidence })
  }
  const current = sysctlText(facts, RESERVED_PORTS_KEY)
  const list = [...(current.known && current.value !== '' ? [current.value] : []), ...exposed]
  return findingOf(portsReserved, {
    status: actsAsLoadgen(target) ? 'warn' : 'info',
    observed: portsText(exposed),
    needed: 'services reserved, or outside the range',
    evidence,
    settings:
      current.known && exposed.length <= PORTS_MAX
        ? [
            setSysctl(
              RESERVED_PORTS_KEY,
              list.join(','),
              'keeps the ports of services free for them',
            ),
          ]
        : [],
  })
}

function isLikelyChosenByKernel({ address, port }: ListenerRow): boolean {
  return port >= CHOSEN_PORTS_START && isLoopback(address)
}

function portsText(ports: readonly number[]): string {
  const rest = ports.length > 8 ? ` and ${ports.length - 8} more` : ''
  return `port ${ports.slice(0, 8).join(', ')}${rest}`
}
