/** Whether the ports that were named are listened on, and by whom. */
import { counted } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { ownersText } from '../../judged-listeners.ts'
import { listenerName } from '../../parsers/ss-listeners.ts'
import { labelOfProcess, limitText } from '../../process-label.ts'
import type { Target } from '../../target.ts'

export const processListenOwner: Check = {
  id: 'process/listen-owner',
  title: 'Who listens on the port',
  family: 'process',
  roles: ['server'],
  scope: 'netns',
  source: 'ss(8), net/ipv4/inet_diag.c',
  why:
    'A port that nobody listens on answers every client with a reset. It may also be that the ' +
    'service listens in another network namespace, where this doctor does not look.',
  explain: `For each --port the listening sockets of this network namespace, with the process that
owns them: its threads, the CPUs it may use, its descriptor limit. Owners of other users' sockets
are seen by root only.

If the port should be open: is the service running (systemctl status), does its log tell of a failed
bind (EADDRINUSE: see ports/reserved), does it listen in a container? Then run doctor there, or with
nsenter -t PID -n.`,
  evaluate: evaluateOwner,
}

function evaluateOwner(facts: Facts, target: Target): Finding | Finding[] {
  const { listeners } = facts.after
  if (!listeners.known) return unknownFinding(processListenOwner, listeners)
  if (target.ports.length === 0) {
    const ports = [...new Set(listeners.value.map(({ port }) => port))].sort((a, b) => a - b)
    return findingOf(processListenOwner, {
      status: 'ok',
      observed: `${counted(ports.length, 'listening port')}; none was named by --port`,
      evidence: [`${listeners.source}: ports ${ports.slice(0, 20).join(', ')}`],
    })
  }
  return target.ports.map((port) => {
    const rows = listeners.value.filter((row) => row.port === port)
    const [first] = rows
    if (first === undefined) {
      return findingOf(processListenOwner, {
        subject: `port ${port}`,
        status: 'critical',
        observed: 'nobody listens in this network namespace',
        needed: `a listener on port ${port}`,
        evidence: [`${listeners.source}: no row with port ${port}`],
        fixNow: 'start the service, or run doctor in the namespace where it listens',
        fixForGood: 'let the service manager restart it; watch the port from outside',
      })
    }
    const names = [...new Set(rows.map(listenerName))].join(', ')
    const owners = [...new Set(rows.map(ownersText))].join('; ')
    return findingOf(processListenOwner, {
      subject: `port ${port}`,
      status: 'ok',
      observed: `${names}: ${owners}`,
      needed: `a listener on port ${port}`,
      evidence: [
        `${listeners.source}: ${rows.length} listening socket${rows.length === 1 ? '' : 's'}`,
        ...ownerLines(facts, new Set(rows.flatMap((row) => row.owners.map(({ pid }) => pid)))),
      ],
    })
  })
}

function ownerLines(facts: Facts, pids: ReadonlySet<number>): string[] {
  return facts.processes
    .filter(({ pid }) => pids.has(pid))
    .map((process) => {
      const { status, limits, cgroupPaths, pid } = process
      const nofile = limits.known ? limits.value['Max open files'] : undefined
      const parts = [
        status.known ? counted(status.value.threads, 'thread') : '',
        status.known ? `CPUs ${status.value.cpusAllowed}` : '',
        nofile === undefined ? '' : `${limitText(nofile.soft)} descriptors`,
        cgroupPaths.known ? `group ${cgroupPaths.value.unified ?? '/'}` : '',
      ]
      return `/proc/${pid}: ${labelOfProcess(process)}, ${parts.filter(Boolean).join(', ')}`
    })
}
