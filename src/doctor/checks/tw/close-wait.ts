/**
 * Sockets whose peer has closed and whose program has not. Only the program can end them, so the
 * finding names it; a short CLOSE_WAIT is normal, therefore both samples are asked.
 */
import { grouped, percent } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import type { TransientSockets } from '../../facts-sample.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import type { SocketRow } from '../../parsers/ss-sockets.ts'

const COUNT_MIN = 100
const WARN_SHARE = 0.01
const CRITICAL_SHARE = 0.1
const DESCRIPTORS_NEARLY_USED = 0.8
const GROUPS_SHOWN = 5

export const twCloseWait: Check = {
  id: 'tw/close-wait',
  title: 'Connections left in CLOSE_WAIT',
  family: 'tw',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/ipv4/tcp.c tcp_close_state',
  why:
    'The peer has closed and the program on this host has not: only the program can end ' +
    'CLOSE_WAIT, no kernel timer does. ' +
    'Each one costs a whole connection, about 4 KB of kernel memory and a descriptor.',
  explain: `CLOSE_WAIT means: the other side said FIN, this program has not called close(). A
few for a moment are normal. A number that grows or stays is a leak in the program: it does not
read the end of file, or drops the object without closing.

Nothing in the kernel tunes it. tcp_fin_timeout and tcp_tw_* are other states. In Node, with
allowHalfOpen set, the program must call end() after 'end'.

Tcp.CurrEstab counts ESTABLISHED and CLOSE_WAIT together: CurrEstab less the program's own gauge
is about the leak.`,
  evaluate: evaluateCloseWait,
}

function evaluateCloseWait(facts: Facts): Finding {
  const { transientSockets: now, snmp } = facts.after
  if (!now.known) return unknownFinding(twCloseWait, now)
  const leaked = closeWaitRows(now.value)
  const { transientSockets: then } = facts.before
  const earlier = then.known ? closeWaitRows(then.value).length : 0
  const established = snmp.known ? (snmp.value['Tcp.CurrEstab'] ?? 0) : 0
  const share = established > 0 ? leaked.length / established : 0
  const status = statusOf(facts, leaked.length, earlier, established, share)
  const evidence = [
    `${now.source}: ${grouped(earlier)} then, ${grouped(leaked.length)} now` +
      (now.value.partial ? ' (reading stopped at a limit: there are more)' : ''),
    ...largestGroups(leaked),
  ]
  if (established > 0) evidence.push(`/proc/net/snmp: Tcp.CurrEstab ${grouped(established)}`)
  const [group] = largestGroups(leaked)
  return findingOf(twCloseWait, {
    status,
    observed:
      leaked.length === 0
        ? 'none'
        : `${grouped(leaked.length)} in CLOSE_WAIT, ${percent(share)} of connections; most: ` +
          `${group}`,
    needed: `under ${grouped(warnLevel(established))}, and falling`,
    evidence,
    ...(status === 'warn' || status === 'critical'
      ? {
          fixNow: 'restart the program named here to get its descriptors back',
          fixForGood: 'close the socket at end of file in that program; no setting ends CLOSE_WAIT',
        }
      : {}),
  })
}

function closeWaitRows(sockets: TransientSockets): SocketRow[] {
  return sockets.rows.filter(({ state }) => state === 'CLOSE-WAIT')
}

function warnLevel(established: number): number {
  return Math.max(COUNT_MIN, Math.ceil(WARN_SHARE * established))
}

function statusOf(
  facts: Facts,
  count: number,
  earlier: number,
  established: number,
  share: number,
): Status {
  if (count === 0) return 'ok'
  const lasts = facts.sampling === 'single' || (count >= earlier && earlier > 0)
  if (count < warnLevel(established) || !lasts) return 'info'
  const isGrowing = facts.sampling === 'window' && count > earlier
  const isLarge = share >= CRITICAL_SHARE && facts.sampling === 'window'
  return isLarge || (isGrowing && descriptorsNearlyUsed(facts)) ? 'critical' : 'warn'
}

function descriptorsNearlyUsed(facts: Facts): boolean {
  return facts.processes.some(({ pid, limits }) => {
    const used = facts.after.processes[pid]?.fdCount
    const limit = limits.known ? limits.value['Max open files']?.soft : undefined
    return used?.known && limit !== undefined && used.value.count >= DESCRIPTORS_NEARLY_USED * limit
  })
}

/** "1,200 × local port 8080, node (pid 4321)". */
function largestGroups(rows: readonly SocketRow[]): string[] {
  const counts = new Map<string, number>()
  for (const { localPort, owners } of rows) {
    const [owner] = owners
    const name = owner === undefined ? 'owner not known' : `${owner.name} (pid ${owner.pid})`
    const key = `local port ${localPort}, ${name}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, GROUPS_SHOWN)
    .map(([key, count]) => `${grouped(count)} × ${key}`)
}
