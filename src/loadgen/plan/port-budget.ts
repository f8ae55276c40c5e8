/**
 * Source addresses × ports × destinations. A TCP connection is a 4-tuple, so one source address
 * reaches each destination (address and port) once per local port, and the same local port serves
 * every destination, but only where the port is chosen at connect time: plain bind(address, 0)
 * takes the port away from all destinations. The epoll engine binds with IP_BIND_ADDRESS_NO_PORT
 * (Linux 4.2), the node engine cannot, so there the ports of a source are counted once for all.
 */
import type { EngineKind } from '../../engine/socket-engine.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { badClientCount } from '../bad-clients/bad-client-kinds.ts'
import { isLoopback } from '../target/target-address.ts'
import type { BenchSettings } from '../workload.ts'
import type { HostLimits } from './host-limits.ts'
import type { PlannedTarget, RunPlan } from './run-plan.ts'
import { loopbackAddresses } from './source-addresses.ts'
import { portHeldSeconds, portsInTimeWait } from './time-wait.ts'

/**
 * connect() looks through the ports of one parity first (net/ipv4/inet_hashtables.c), so beyond
 * half of the range each connect walks thousands of used ports: 15,000 to one destination stalled
 * the loop for a second. Ports in TIME_WAIT from earlier runs count too, so where addresses cost
 * nothing, a source gets no more than this part of its ports.
 */
const PORT_FILL_SHARE = 0.25
/** The widest range there is: ports below 1,024 are for programs of root. */
const PORTS_WIDENED = 65_535 - 1_024 + 1

/** @throws PushctlError PUSHCTL_PORTS */
export function planPorts(
  settings: BenchSettings,
  targets: readonly PlannedTarget[],
  limits: HostLimits,
  engine: EngineKind,
): RunPlan['ports'] {
  const usablePerSource = limits.portLast - limits.portFirst + 1 - limits.portsReserved
  const grown = 1 + turnoverShare(settings, targets, limits)
  const beside = badClientCount(settings.badClients)
  const most = Math.ceil(Math.max(...targets.map((target) => target.connections)) * grown)
  const busiest = most + Math.ceil(beside / targets.length)
  // Bad clients are of node:net, which takes a port for all destinations.
  const perBoundSource =
    (engine === 'epoll' ? most : Math.ceil(settings.connections * grown)) + beside
  const sources =
    settings.sourceAddresses ?? chooseSources(targets, busiest, perBoundSource, usablePerSource)
  // Without an address to bind to, the kernel chooses per destination on every engine.
  const needed = sources.length === 0 ? busiest : perBoundSource
  const ports: RunPlan['ports'] = {
    first: limits.portFirst,
    last: limits.portLast,
    usablePerSource,
    sources,
    neededPerSource: Math.ceil(needed / Math.max(1, sources.length)),
    inTimeWait: portsInTimeWait(limits.timeWait, sources, targets),
  }
  if (ports.neededPerSource > usablePerSource - ports.inTimeWait) {
    throw tooFewPorts(settings, needed, ports, engine)
  }
  return ports
}

/**
 * Ports that replaced connections still hold, as a part of the connections: a generator that closes
 * first keeps each of them in TIME_WAIT.
 */
function turnoverShare(
  settings: BenchSettings,
  targets: readonly PlannedTarget[],
  limits: HostLimits,
): number {
  if (settings.mode !== 'churn') return 0
  const runSeconds = (settings.warmupMs + settings.durationMs) / 1000
  const heldSeconds = Math.min(runSeconds, portHeldSeconds(limits.timeWait, targets))
  return (settings.churnPerMille / 1000) * heldSeconds
}

/**
 * On loopback every address of 127.0.0.0/8 is ours already; elsewhere only the host's own choice is
 * certain to work.
 */
function chooseSources(
  targets: readonly PlannedTarget[],
  busiest: number,
  perBoundSource: number,
  usablePerSource: number,
): readonly string[] {
  const all127 = targets.every(({ address }) => isLoopback(address) && !address.includes(':'))
  const comfortable = usablePerSource * PORT_FILL_SHARE
  if (!all127 || busiest <= comfortable) return []
  return loopbackAddresses(Math.ceil(perBoundSource / comfortable))
}

function tooFewPorts(
  settings: BenchSettings,
  needed: number,
  ports: RunPlan['ports'],
  engine: EngineKind,
): PushctlError {
  const { usablePerSource, neededPerSource, inTimeWait } = ports
  const sources = Math.max(1, ports.sources.length)
  const free = Math.max(0, usablePerSource - inTimeWait)
  const tries = []
  if (free > 0) {
    const addresses = Math.ceil(needed / free)
    tries.push(`--source-ip with ${addresses} addresses of this host (list, range or block)`)
  }
  if (neededPerSource <= PORTS_WIDENED - inTimeWait && usablePerSource < PORTS_WIDENED) {
    tries.push("sysctl -w net.ipv4.ip_local_port_range='1024 65535'   (as root)")
  }
  const isChurn = settings.mode === 'churn'
  if (inTimeWait > 0 || isChurn) {
    const orWait = isChurn ? '' : ', or wait a minute'
    tries.push(`sysctl -w net.ipv4.tcp_tw_reuse=1   (as root)${orWait}`)
  }
  if (engine === 'node') tries.push('--engine epoll, which shares ports between destinations')
  const beside = badClientCount(settings.badClients)
  const bad = beside > 0 ? ` and ${beside} bad clients` : ''
  const held = inTimeWait > 0 ? `, ${inTimeWait} of them in TIME_WAIT` : ''
  return new PushctlError(
    'PUSHCTL_PORTS',
    `${settings.connections} connections${bad} need ${needed} local ports, ` +
      `got ${sources} source address${sources > 1 ? 'es' : ''} × ` +
      `${usablePerSource} ports (${ports.first}-${ports.last})${held}`,
    {
      why:
        'a source address reaches one destination once per local port' +
        (isChurn ? ', and one that was replaced holds its port for up to a minute' : ''),
      tries,
    },
  )
}
