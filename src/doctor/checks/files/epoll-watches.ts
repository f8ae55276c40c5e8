/**
 * fs.epoll.max_user_watches: descriptors in epoll sets, counted per user over the whole host; root
 * is not exempt.
 */
import { counted, grouped, percent } from '../../counter-moves.ts'
import { type Unknown, unknown } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { raiseSysctl } from '../../setting.ts'
import { socketsHeld } from '../../socket-demand.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import type { Target } from '../../target.ts'

const KEY = 'fs.epoll.max_user_watches'
const WARN_SHARE = 0.8

export const filesEpollWatches: Check = {
  id: 'files/epoll-watches',
  title: 'epoll watches per user',
  family: 'files',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'fs/eventpoll.c eventpoll_init, ep_insert',
  why:
    'Each socket in an epoll set is a watch, and the watches of all processes of one user share ' +
    'this limit. Beyond it epoll_ctl() fails with ENOSPC ("no space left on device"), root not ' +
    'excepted.',
  explain: `An event loop puts each connection into one epoll set. The kernel allows a user as
many watches as fit into 4 % of memory, at about 184 bytes each: roughly memory in bytes / 4,600,
that is 0.93 million on a host of 4 GiB and 5.5 million on 24 GiB.

Need: 1.05 x sockets of the user x epoll sets per socket (one, with libuv). A server and a
generator under the same user add up.

The error names no limit: "ENOSPC" from epoll_ctl has nothing to do with disks. Do not confuse
this key with fs.inotify.max_user_watches.`,
  evaluate: evaluateEpollWatches,
}

function evaluateEpollWatches(facts: Facts, target: Target): Finding {
  const limit = sysctlNumber(facts, KEY)
  if (!limit.known) return unknownFinding(filesEpollWatches, limit)
  const { sockstat } = facts.after
  const seen = sockstat.known ? sockstat.value.tcpInUse + sockstat.value.tcp6InUse : 0
  const sockets = Math.max(socketsHeld(target), seen)
  const need = Math.ceil(Math.round(1.05 * sockets * 1e6) / 1e6)
  const share = limit.value > 0 ? need / limit.value : Number.POSITIVE_INFINITY
  const isShort = share >= WARN_SHARE
  const unseen = unseenWatches(facts, limit.value, target)
  if (!isShort && unseen !== null) return unknownFinding(filesEpollWatches, unseen)
  const evidence = [`${limit.source}: ${grouped(limit.value)}`]
  if (sockstat.known) evidence.push(`${sockstat.source}: ${grouped(seen)} TCP sockets now`)
  return findingOf(filesEpollWatches, {
    status: share > 1 ? 'critical' : isShort ? 'warn' : 'ok',
    observed:
      `a user may watch ${counted(limit.value, 'descriptor')}` +
      (Number.isFinite(share) ? `; the target takes ${percent(share)}` : ''),
    needed: `${KEY} ≥ ${grouped(need)} (1.05 × ${counted(sockets, 'socket')} × 1 epoll set)`,
    evidence,
    settings: isShort
      ? [
          raiseSysctl(
            KEY,
            2 * need,
            'twice the watches the target needs; a limit, not an allocation',
          ),
        ]
      : [],
  })
}

/**
 * A child network namespace does not see the user's other sockets. The open files of the host bound
 * them: only where even those would fit is there room for certain.
 */
function unseenWatches(facts: Facts, limit: number, target: Target): Unknown | null {
  const { network } = facts.host.namespaces
  if (!network.known || network.value === 'host') return null
  const { fileNr } = facts.after
  if (!fileNr.known) return fileNr
  const atMost = fileNr.value.allocated + socketsHeld(target)
  if (atMost < WARN_SHARE * limit) return null
  const files = grouped(fileNr.value.allocated)
  return unknown(
    `the user may watch any of ${files} open files, in namespaces not seen from here`,
    fileNr.source,
  )
}
