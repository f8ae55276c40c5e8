/**
 * Whether the connections fit into memory at all. Kernel memory of idle connections is slab and
 * shows in no process; the size of its objects is read from this kernel where that is allowed.
 */
import { counted, grouped, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import {
  bytesText,
  kernelCostPerConnection,
  PAGE_BYTES,
  socketsHeld,
  tcpPagesNeeded,
} from '../../socket-demand.ts'
import type { Target } from '../../target.ts'

const WARN_SHARE = 0.75
const CRITICAL_SHARE = 0.9

export const memoryPerConn: Check = {
  id: 'memory/per-conn',
  title: 'Memory for the connections',
  family: 'memory',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/core/sock.c sk_prot_alloc, fs/eventpoll.c ep_insert, /proc/slabinfo',
  why:
    'An idle TCP connection takes about 4.2 KB of kernel memory, 4.4 KB on the side that ' +
    'dialled, before any byte of data and before the program. It is slab memory: no process ' +
    'shows it as its own.',
  explain: `A connection is a TCP object (about 2.5 KB), a socket inode, a directory entry, a
file, two or three epoll objects and a slot of the descriptor table; the side that dialled adds
two bind buckets. Doctor reads the real sizes from /proc/slabinfo (root only), else the size of
the TCP object from /proc/net/protocols.

Need: connections x that, and pages for data in flight, and what the program takes for each
connection.

MemAvailable promises too much: directory entries of open sockets count as reclaimable there and
are not. Slab lingers after a close, so measure growth, not level.

Do not multiply tcp_rmem or tcp_wmem by the connections: they are limits, nothing is reserved. If
memory is short, the cures are fewer connections a host, more memory, or smaller messages in
flight.`,
  evaluate: evaluatePerConn,
}

function evaluatePerConn(facts: Facts, target: Target): Finding {
  const { meminfo, sockstat } = facts.after
  if (!meminfo.known) return unknownFinding(memoryPerConn, meminfo)
  const { MemTotal: total = 0, MemAvailable: available } = meminfo.value
  const sockets = socketsHeld(target)
  const cost = kernelCostPerConnection(facts, target)
  const idleBytes = sockets * cost.bytes
  const burstBytes = tcpPagesNeeded(facts, target).pages * PAGE_BYTES
  const programBytes = sockets * target.processBytesPerConnection
  const need = idleBytes + burstBytes + programBytes
  const share = total > 0 ? need / total : Number.POSITIVE_INFINITY
  const open = sockstat.known ? sockstat.value.tcpInUse + sockstat.value.tcp6InUse : 0
  const missing = need * Math.max(0, 1 - open / Math.max(1, sockets))
  const isTight = available !== undefined && missing > available
  const status = statusOf(share, isTight)
  const evidence = [
    `${meminfo.source}: MemTotal ${bytesText(total)}` +
      (available === undefined ? '' : `, MemAvailable ${bytesText(available)}`),
    `${cost.source}: ${counted(cost.bytes, 'byte')} a connection (${cost.basis})`,
  ]
  if (sockstat.known) evidence.push(`${sockstat.source}: ${grouped(open)} TCP sockets now`)
  return findingOf(memoryPerConn, {
    status,
    observed:
      `the target takes ${bytesText(need)}, ${percent(share)} of memory` +
      (isTight ? `; ${bytesText(missing)} still to come, more than is available now` : ''),
    needed:
      `under ${percent(WARN_SHARE)} of memory: ` +
      `${counted(sockets, 'socket')} × ${grouped(cost.bytes)} B + ` +
      `${bytesText(burstBytes)} of data in flight + ${grouped(sockets)} × ` +
      `${grouped(target.processBytesPerConnection)} B of the program`,
    evidence,
    ...(status === 'ok'
      ? {}
      : {
          fixForGood:
            'fewer connections on this host, or more memory; no setting makes them smaller',
        }),
  })
}

function statusOf(share: number, isTight: boolean): Status {
  if (share > CRITICAL_SHARE) return 'critical'
  if (share > WARN_SHARE) return 'warn'
  return isTight ? 'info' : 'ok'
}
