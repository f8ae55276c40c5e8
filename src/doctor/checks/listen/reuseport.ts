/**
 * Several listeners on one port (SO_REUSEPORT): whether one is stuck, and what becomes of its queue
 * at a restart.
 */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { ownersText } from '../../judged-listeners.ts'
import { type ListenerRow, listenerName } from '../../parsers/ss-listeners.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const MIGRATE_KEY = 'net.ipv4.tcp_migrate_req'
const SKEW = 5
/** Below this a difference between listeners is chance. */
const QUEUED_MIN = 16

export const listenReuseport: Check = {
  id: 'listen/reuseport',
  title: 'Listeners that share a port',
  family: 'listen',
  roles: ['server'],
  scope: 'netns',
  source: 'net/core/sock_reuseport.c, Documentation/networking/ip-sysctl.rst tcp_migrate_req',
  why:
    'A SYN is tied to one listener of the group by its hash; the kernel does not steer ' +
    'around a full or stuck one. ' +
    'Closing a listener aborts what waits in its queues, unless tcp_migrate_req moves it.',
  explain: `Each listener of the group has queues of its own. One whose queue is several times
that of the others belongs to a worker that is stuck or overloaded.

tcp_migrate_req=1 (from 5.14 on) hands the queues of a closing listener to the others, which a
rolling restart wants; all listeners of the group must have the same options.
TCPMigrateReqSuccess and TCPMigrateReqFailure count.

Node's cluster module has one accept queue in the primary and no group; listen({ reusePort: true
}) makes one.`,
  evaluate: evaluateReuseport,
}

function evaluateReuseport(facts: Facts): Finding | Finding[] {
  const { listeners } = facts.after
  if (!listeners.known) return unknownFinding(listenReuseport, listeners)
  const groups = listenerGroups(listeners.value)
  if (groups.length === 0) {
    return findingOf(listenReuseport, {
      status: 'ok',
      observed: 'no port is shared by several listeners',
      evidence: [`${listeners.source}: ${counted(listeners.value.length, 'listener')}`],
    })
  }
  return groups.map((group) => groupFinding(facts, group, listeners.source))
}

function groupFinding(facts: Facts, group: readonly ListenerRow[], source: string): Finding {
  const [fullest] = [...group].sort((a, b) => b.queued - a.queued)
  const queues = group.map(({ queued }) => queued).sort((a, b) => a - b)
  const median = queues[Math.floor((queues.length - 1) / 2)] ?? 0
  const subject = listenerName(group[0]!)
  const evidence = [`${source}: queues ${queues.join(', ')}`]
  if (fullest !== undefined && fullest.queued >= Math.max(QUEUED_MIN, SKEW * median)) {
    return findingOf(listenReuseport, {
      status: 'warn',
      subject,
      observed:
        `one of ${group.length} listeners has ${grouped(fullest.queued)} waiting, the median ` +
        `${grouped(median)}`,
      needed: `under ${SKEW} times the median`,
      evidence,
      fixNow: `look at what blocks ${ownersText(fullest)}`,
      fixForGood: 'spread work evenly, or accept in one place',
    })
  }
  const migrate = sysctlNumber(facts, MIGRATE_KEY)
  if (migrate.known) evidence.push(`${migrate.source}: ${migrate.value}`)
  const loses = migrate.known && migrate.value === 0
  return findingOf(listenReuseport, {
    status: loses ? 'info' : 'ok',
    subject,
    observed: loses
      ? `${counted(group.length, 'listener')}; closing one aborts what waits in its queue`
      : `${counted(group.length, 'listener')}, queues even`,
    needed: loses
      ? 'tcp_migrate_req = 1 where restarts roll and all listeners have the same options'
      : '',
    evidence,
    ...(loses ? { fixNow: 'sysctl -w net.ipv4.tcp_migrate_req=1, before a rolling restart' } : {}),
  })
}

/**
 * Same address and port, different sockets. A descriptor inherited by workers is one socket and no
 * group.
 */
function listenerGroups(rows: readonly ListenerRow[]): ListenerRow[][] {
  const groups = new Map<string, ListenerRow[]>()
  for (const row of rows) {
    const name = listenerName(row)
    const group = groups.get(name) ?? []
    if (row.inode !== null && group.some(({ inode }) => inode === row.inode)) continue
    groups.set(name, [...group, row])
  }
  return [...groups.values()].filter((group) => group.length > 1)
}
