/**
 * The floor of the retransmission timeout, as set by sysctl or on a route. It is a floor of the
 * variance term, not of the timeout: RTO = SRTT + max(rto_min, 4·mdev). Tcp.RtoMin in
 * /proc/net/snmp is a constant and is not asked.
 */
import { counted, counterMove, describeMove, percent } from '../../counter-moves.ts'
import { type Fact, known } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import type { RouteRow } from '../../parsers/ip-route.ts'
import { detailNumber } from '../../parsers/ss-details.ts'
import { setSysctl } from '../../setting.ts'
import { spuriousShare } from '../../spurious-share.ts'
import { isSysctlAbsent, sysctlNumber } from '../../sysctl-facts.ts'

const KEY = 'net.ipv4.tcp_rto_min_us'
/** TCP_RTO_MIN, HZ/5. */
const STANDARD_MS = 200
/** Delayed ACKs wait 40 ms; a floor far below that repeats segments that only wait for them. */
const SHORTEST_MS = 20
const NEEDLESS_SHARE = 0.5

export const tcpRtoMin: Check = {
  id: 'tcp/rto-min',
  title: 'Floor of the retransmission timeout',
  family: 'tcp',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp_input.c tcp_rtt_estimator, include/net/tcp.h __tcp_set_rto',
  why:
    'RTO = SRTT + max(rto_min, 4 × mdev): the 200 ms are a floor for the variance, so a path of ' +
    '600 ms already waits 800 ms. A higher floor adds itself to every lost push at the end of a ' +
    'flight.',
  explain: `The timeout adapts to each connection: smoothed round trip plus four times its
deviation, and that second part is never below rto_min, 200 ms. So slow mobile paths have long
timeouts without any setting, and a needless one costs little: tail loss probes come first, F-RTO
and duplicate SACKs undo the rest.

A well-known push system patched the floor from 200 ms to 3 s on an old kernel, believing that it
was the timeout itself. Today that adds 3 s to every push whose last segment is lost.

Keep 200 ms. If one prefix really needs more: ip route change PREFIX via GATEWAY rto_min 400ms. A
route wins over the socket's own value, that over net.ipv4.tcp_rto_min_us (6.11 and later). Inside
a data centre a few milliseconds are possible by route, with delayed ACKs in mind; never towards
the internet.

No kernel patches, and no global floor in seconds. Tcp.RtoMin of /proc/net/snmp shows a constant,
whatever is set.`,
  evaluate: evaluateRtoMin,
}

function evaluateRtoMin(facts: Facts): Finding {
  const global = globalFloorMs(facts)
  if (!global.known) return unknownFinding(tcpRtoMin, global)
  const { routes } = facts.network
  const settings = [setSysctl(KEY, STANDARD_MS * 1_000, 'floor of the kernel, right for any path')]
  const needed = `${SHORTEST_MS} to ${STANDARD_MS} ms, on the host and on the default route`
  const evidence = [
    `${global.source}: ${global.value} ms`,
    ...routeEvidence(routes),
    ...sampleEvidence(facts),
  ]
  const globalFault = faultOf(global.value)
  if (globalFault !== null) {
    const observed = `the floor is ${global.value} ms for all connections: ${globalFault}`
    return findingOf(tcpRtoMin, { status: 'warn', observed, needed, evidence, settings })
  }
  if (!routes.known) return unknownFinding(tcpRtoMin, routes)
  const route = faultyRoute(routes.value)
  if (route !== null) {
    return findingOf(tcpRtoMin, {
      status: 'warn',
      observed: `route ${route.destination} sets ${route.rtoMinMs} ms: ${faultOf(route.rtoMinMs!)}`,
      needed,
      evidence,
      fixNow: `ip route change ${withoutFloor(route.line)}`,
      fixForGood: 'take rto_min out of the network configuration that sets this route',
    })
  }
  return judgeSpurious(facts, global.value, needed, evidence)
}

/** Kernels before 6.11 have no such key, and a constant instead. */
function globalFloorMs(facts: Facts): Fact<number> {
  const value = sysctlNumber(facts, KEY)
  if (value.known) return known(value.value / 1_000, value.source)
  return isSysctlAbsent(facts, KEY)
    ? known(STANDARD_MS, 'constant of this kernel (TCP_RTO_MIN)')
    : value
}

function faultOf(floorMs: number): string | null {
  if (floorMs > STANDARD_MS) return 'slower recovery from every tail loss'
  return floorMs < SHORTEST_MS ? 'segments that wait for a delayed ACK are sent twice' : null
}

/**
 * A low floor is meant for a prefix of the data centre; on the default route it meets the internet.
 */
function faultyRoute(routes: readonly RouteRow[]): RouteRow | null {
  const faulty = routes.find(({ destination, rtoMinMs }) => {
    if (rtoMinMs === null) return false
    return rtoMinMs > STANDARD_MS
      ? destination === 'default' || rtoMinMs >= 1_000
      : destination === 'default' && rtoMinMs < SHORTEST_MS
  })
  return faulty ?? null
}

/** "default via 192.0.2.1 dev eth0 rto_min lock 3s" → without its last three words. */
function withoutFloor(line: string): string {
  return line.replace(/\s*\brto_min\s+(?:lock\s+)?\S+/, '')
}

function judgeSpurious(
  facts: Facts,
  floorMs: number,
  needed: string,
  evidence: readonly string[],
): Finding {
  const needless = spuriousShare(facts)
  const timeouts = counterMove(facts, 'TcpExt.TCPSpuriousRTOs')
  const isSpurious =
    needless.known &&
    needless.value >= NEEDLESS_SHARE &&
    timeouts.known &&
    timeouts.value.basis === 'window' &&
    timeouts.value.delta > 0
  return findingOf(tcpRtoMin, {
    status: isSpurious ? 'info' : 'ok',
    observed: isSpurious
      ? `the floor is ${floorMs} ms, and ${percent(needless.value)} of retransmits were needless`
      : `the floor is ${floorMs} ms`,
    needed,
    evidence: isSpurious
      ? [...evidence, `${timeouts.source}: ${describeMove(timeouts.value, facts)}`]
      : evidence,
    ...(isSpurious
      ? { fixForGood: 'for a slow prefix only: ip route change PREFIX via GATEWAY rto_min 400ms' }
      : {}),
  })
}

function routeEvidence(routes: Facts['network']['routes']): string[] {
  if (!routes.known) return []
  return routes.value
    .filter(({ rtoMinMs }) => rtoMinMs !== null)
    .slice(0, 5)
    .map(({ line }) => `${routes.source}: ${line}`)
}

/** Medians of the sample: what the timeout really is next to the round trip. */
function sampleEvidence(facts: Facts): string[] {
  const { establishedSample: sample } = facts.sockets
  if (!sample.known) return []
  const medianOf = (name: string): number | null => {
    const values = sample.value.flatMap((row) => detailNumber(row, name) ?? [])
    return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null
  }
  const [rto, roundTrip] = [medianOf('rto'), medianOf('rtt')]
  if (rto === null || roundTrip === null) return []
  const count = sample.value.length
  return [
    `${sample.source}: median rto ${rto} ms, round trip ${roundTrip} ms ` +
      `of ${counted(count, 'connection')}`,
  ]
}
