/**
 * Load of the hash of established connections. All network namespaces share one table as a rule;
 * from inside one, the sockets of the others cannot be counted, so a low load there proves nothing.
 */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { hashSize } from '../../hash-size.ts'
import { socketsHeld } from '../../socket-demand.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { closesPerSecond, nextPowerOfTwo, type Target } from '../../target.ts'

const TIME_WAIT_KEY = 'net.ipv4.tcp_max_tw_buckets'
const TIME_WAIT_SECONDS = 60
/** Heuristic: a lookup walks `load` nodes on average, each a cache miss. */
const INFO_LOAD = 4
const WARN_LOAD = 16

export const memoryEhash: Check = {
  id: 'memory/ehash',
  title: 'Hash table of connections',
  family: 'memory',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/ipv4/tcp.c tcp_init, net/ipv4/inet_hashtables.c __inet_lookup_established',
  why:
    'Every packet looks its connection up in one hash, and walks as many nodes of a bucket as ' +
    'the table is loaded, each a miss of the cache. The size is fixed at boot.',
  explain: `The kernel gives the table a bucket for each 128 KiB of memory, at most 524,288. A
million connections load that twofold, on 24 GiB fourfold: both are fine. From about 16 on the
walk shows.

Load: (connections + TIME_WAIT + SYN_RECV) / buckets. Half-open and closed connections are in the
same table.

To change it, boot with thash_entries=N; a network namespace of its own size needs
net.ipv4.tcp_child_ehash_entries in its parent before it is made (6.1 and later, at most 2^24).
The size also sets the defaults of tcp_max_tw_buckets and tcp_max_orphans, and how long every walk
over sockets takes.

Do not reboot a host in production for a load of two.`,
  evaluate: evaluateEhash,
}

function evaluateEhash(facts: Facts, target: Target): Finding {
  const entries = hashSize(facts)
  if (!entries.known) return unknownFinding(memoryEhash, entries)
  const { sockstat } = facts.after
  if (!sockstat.known) return unknownFinding(memoryEhash, sockstat)
  const now = socketsNow(facts)
  const atTarget = socketsHeld(target) + timeWaitAtTarget(facts, target)
  const sockets = Math.max(now, atTarget)
  const load = sockets / entries.value.buckets
  const { network } = facts.host.namespaces
  const isBlind = entries.value.shared && !(network.known && network.value === 'host')
  const wanted = nextPowerOfTwo(Math.max(socketsHeld(target), now) / 2)
  const status = statusOf(load, isBlind)
  return findingOf(memoryEhash, {
    status,
    observed:
      (status === 'unknown'
        ? 'unknown: the sockets of other namespaces share the table; alone '
        : '') +
      `${load.toFixed(1)} connections a bucket at the target ` +
      `(${grouped(sockets)} / ${grouped(entries.value.buckets)})`,
    needed: `at most ${INFO_LOAD} a bucket`,
    evidence: [
      `${entries.source}: ${counted(entries.value.buckets, 'bucket')}`,
      `${sockstat.source}: ${grouped(now)} in the table now`,
    ],
    ...(load > INFO_LOAD
      ? { fixForGood: `kernel command line: thash_entries=${wanted} (takes a reboot)` }
      : {}),
  })
}

function statusOf(load: number, isBlind: boolean): Status {
  if (load > WARN_LOAD) return 'warn'
  if (isBlind) return 'unknown'
  return load > INFO_LOAD ? 'info' : 'ok'
}

function socketsNow(facts: Facts): number {
  const { sockstat, transientSockets } = facts.after
  const halfOpen = transientSockets.known
    ? transientSockets.value.rows.filter(({ state }) => state === 'SYN-RECV').length
    : 0
  if (!sockstat.known) return halfOpen
  const { tcpInUse, tcp6InUse, timeWait } = sockstat.value
  return tcpInUse + tcp6InUse + timeWait + halfOpen
}

function timeWaitAtTarget(facts: Facts, target: Target): number {
  const steady = closesPerSecond(target) * TIME_WAIT_SECONDS
  const cap = sysctlNumber(facts, TIME_WAIT_KEY)
  return Math.ceil(cap.known ? Math.min(steady, cap.value) : steady)
}
