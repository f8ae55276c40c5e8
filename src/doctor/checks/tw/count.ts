/**
 * How many connections are in TIME_WAIT, whose they are, and whether they eat a generator's ports.
 */
import { grouped, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import type { TimeWaitCensus } from '../../parsers/time-wait-census.ts'
import { capacityFormula, ephemeralPorts, portCapacity } from '../../port-capacity.ts'
import { actsAsLoadgen, closesPerSecond, type Target } from '../../target.ts'

const TIME_WAIT_SECONDS = 60
const WARN_SHARE = 0.5
/** connect() soon answers EADDRNOTAVAIL, and looking for a free port takes long. */
const CRITICAL_SHARE = 0.85

export const twCount: Check = {
  id: 'tw/count',
  title: 'Connections in TIME_WAIT',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp_minisocks.c tcp_timewait_state_process',
  why:
    'TIME_WAIT holds a pair of ports for 60 seconds, but only against new outgoing ' +
    'connections: a server accepts a new SYN ' +
    'on it. So it is harmless to a server and a limit of rate to whoever connects and closes ' +
    'first.',
  explain: `Whoever closes first keeps TIME_WAIT for 60 seconds, a constant of the kernel. A
server with a hundred thousand of them loses about 25 MB and nothing else: a client that returns
on the same pair of ports is let in when its sequence number or timestamp is newer.

A generator or proxy both opens and closes, and a pair in TIME_WAIT cannot be dialled again.
From one address to one destination, P ports sustain P/60 new connections a second: 470/s with
the default range, 1,075/s with 1024-65535.

Better than any setting: more source addresses, letting the server close first, or pooling
connections. Do not count FIN_WAIT2 as a leak here: once orphaned it lives in the same small
socket and is part of "tw" in sockstat.`,
  evaluate: evaluateCount,
}

function evaluateCount(facts: Facts, target: Target): Finding {
  const { sockstat } = facts.after
  if (!sockstat.known) return unknownFinding(twCount, sockstat)
  const { timeWait } = sockstat.value
  const { timeWait: census } = facts.sockets
  const evidence = [`${sockstat.source}: tw ${grouped(timeWait)}`]
  if (census.known) evidence.push(...censusLines(census.value, census.source))
  else evidence.push(`by peer: unknown, ${census.reason} (${census.source})`)
  const steady = Math.ceil(closesPerSecond(target) * TIME_WAIT_SECONDS)
  const closes = grouped(closesPerSecond(target))
  const needed = `about ${grouped(steady)} at the target (${closes} closes/s × 60 s)`
  if (!actsAsLoadgen(target)) {
    const status = timeWait === 0 ? 'ok' : 'info'
    return findingOf(twCount, {
      status,
      observed: `${grouped(timeWait)} in TIME_WAIT`,
      needed,
      evidence,
    })
  }
  const ports = ephemeralPorts(facts)
  if (!ports.known) return unknownFinding(twCount, ports)
  const capacity = portCapacity(ports.value, target)
  const outbound = census.known && !census.value.partial ? census.value.outbound : timeWait
  const share = capacity > 0 ? outbound / capacity : 1
  const status: Status =
    share >= CRITICAL_SHARE
      ? 'critical'
      : share >= WARN_SHARE
        ? 'warn'
        : timeWait > 0
          ? 'info'
          : 'ok'
  evidence.push(`${ports.source}: ${capacityFormula(ports.value, target)}`)
  return findingOf(twCount, {
    status,
    observed:
      `${grouped(timeWait)} in TIME_WAIT, ${percent(share)} of the pairs of ports this host ` +
      'can dial',
    needed: `under ${percent(WARN_SHARE)} of ${grouped(capacity)} pairs; ${needed}`,
    evidence,
    ...(share >= WARN_SHARE
      ? {
          fixNow: 'add source addresses, or let the server close first',
          fixForGood: 'pool connections; see ports/source-ips and tw/reuse',
        }
      : {}),
  })
}

function censusLines(census: TimeWaitCensus, source: string): string[] {
  if (census.counted === 0) return []
  const partial = census.partial ? ' (the first ones only)' : ''
  return [
    `${source}: ${grouped(census.inbound)} came in, ${grouped(census.outbound)} went out; ` +
      `this host closed first in all${partial}`,
    ...census.peers
      .slice(0, 5)
      .map(({ direction, localPort, peer, count }) =>
        direction === 'in'
          ? `${grouped(count)} × ${peer} → local port ${localPort}`
          : `${grouped(count)} × this host → ${peer}`,
      ),
  ]
}
