/**
 * Folklore about the path: keys without effect, floors in seconds, and packet steering on top of
 * steering.
 */

import { timerOf } from '../parsers/ss-details.ts'
import { labelOfProcess } from '../process-label.ts'
import { sysctlText } from '../sysctl-facts.ts'
import { placeOf } from './assignments.ts'
import { type FolkloreRow, folkloreRule, type LintContext, type LintHit } from './lint-rule.ts'

const RTO_MIN_ABSURD_US = 1_000_000
const KEEPALIVE_KEYS = ['time', 'intvl', 'probes'].map((name) => `net.ipv4.tcp_keepalive_${name}`)
/** What the main thread of Node is called, by version. */
const NODE_NAMES: readonly string[] = ['node', 'MainThread', 'node-MainThread', 'pushctl']

const noEffect = (key: string, why: string): FolkloreRow => ({
  key,
  status: 'info',
  matches: (_numbers, _context, { fromFile }) => fromFile,
  fault: 'has no effect any more',
  why,
})

const ROWS: readonly FolkloreRow[] = [
  noEffect(
    'net.ipv4.tcp_low_latency',
    'The prequeue that it switched off was removed in kernel 4.14. ' +
      'The key is kept so that old files do not fail.',
  ),
  noEffect(
    'net.ipv4.tcp_fack',
    'Forward acknowledgement was replaced by RACK in kernel 4.15. ' +
      'The key is kept so that old files do not fail.',
  ),
  {
    key: 'net.ipv4.tcp_rto_min_us',
    status: 'warn',
    matches: ([value]) => value !== undefined && value >= RTO_MIN_ABSURD_US,
    fault: 'seconds of waiting after every loss at the end of a push',
    why:
      'RTO = SRTT + max(rto_min, 4 × mdev): slow paths wait longer by themselves, and the floor ' +
      'only adds to that. Needless retransmits are cheap today (tail loss probe, F-RTO, ' +
      'duplicate SACK).',
    instead: '200000',
    ownedBy: 'tcp/rto-min',
  },
  {
    key: 'net.ipv4.tcp_slow_start_after_idle',
    status: 'info',
    matches: ([value], { facts }) => {
      const control = sysctlText(facts, 'net.ipv4.tcp_congestion_control')
      return value === 0 && control.known && /^bbr\d*$/.test(control.value)
    },
    fault: 'has no effect with BBR',
    why:
      'An algorithm with a rate of its own (cong_control) skips the decay of the window after ' +
      'idle. The line suggests an effect that it does not have.',
  },
]

const folklore = folkloreRule(ROWS)

export function pathFolklore(context: LintContext): LintHit[] {
  return [
    ...folklore(context),
    ...routeFloorHits(context),
    ...keepaliveHits(context),
    ...steeringHits(context),
  ]
}

function routeFloorHits({ facts }: LintContext): LintHit[] {
  const { routes } = facts.network
  if (!routes.known) return []
  return routes.value
    .filter(({ rtoMinMs }) => rtoMinMs !== null && rtoMinMs * 1_000 >= RTO_MIN_ABSURD_US)
    .map((route) => ({
      subject: `route ${route.destination}`,
      status: 'info',
      observed: `rto_min ${route.rtoMinMs} ms on a route: seconds of waiting after every tail loss`,
      why:
        'The timeout adapts to slow paths by itself; a floor in seconds adds itself to every ' +
        'push whose last segment is lost. tcp/rto-min judges the value.',
      fixForGood: 'take rto_min out of the network configuration that sets this route',
      evidence: [`${routes.source}: ${route.line}`],
    }))
}

/**
 * Set in a file, while the program either never asks for keepalive or brings values of its own, as
 * Node does.
 */
function keepaliveHits({ facts, assignments }: LintContext): LintHit[] {
  const written = KEEPALIVE_KEYS.flatMap((key) => assignments.get(key)?.at(-1) ?? [])
  const [first] = written
  if (first === undefined) return []
  const node = facts.processes.find(({ name }) => NODE_NAMES.includes(name))
  const { establishedSample: sample } = facts.sockets
  const kept = sample.known
    ? sample.value.filter((row) => timerOf(row)?.kind === 'keepalive').length
    : null
  if (node === undefined && (kept === null || kept > 0)) return []
  const reason =
    node === undefined
      ? 'no connection of the sample has a keepalive timer'
      : `${labelOfProcess(node)} is Node, which sets its own interval and count`
  return [
    {
      subject: first.key,
      status: 'info',
      observed: `${written.map(({ key }) => key).join(', ')} set in a file, but ${reason}`,
      why:
        'The keys act only on sockets with SO_KEEPALIVE, and only for values that the program ' +
        'did not set itself. Node sets idle time, an interval of 1 s and 10 probes on the ' +
        'socket.',
      fixForGood: `delete the lines (${written.map(placeOf).join(', ')}), use a heartbeat`,
      evidence: written.map((assignment) => `${placeOf(assignment)}: ${assignment.value}`),
    },
  ]
}

/** RPS on a card that has a queue for each CPU already: a second hop for every packet. */
function steeringHits({ facts }: LintContext): LintHit[] {
  const { interfaces } = facts.network
  const { onlineCpus } = facts.host
  if (!interfaces.known || !onlineCpus.known || onlineCpus.value.length < 2) return []
  return interfaces.value.flatMap(({ name, kind, receiveQueues }) => {
    if (kind !== 'physical' || receiveQueues.length < onlineCpus.value.length) return []
    const steered = receiveQueues.find(({ rpsCpus }) => rpsCpus.known && rpsCpus.value.length > 0)
    if (!steered?.rpsCpus.known) return []
    return [
      {
        subject: `rps_cpus of ${name}`,
        status: 'info' as const,
        observed:
          `RPS is on though ${name} has ${receiveQueues.length} receive queues ` +
          `for ${onlineCpus.value.length} CPUs`,
        why:
          'The card spreads packets over all CPUs already (RSS). RPS on top moves each packet to ' +
          'another CPU once more, by an interrupt between CPUs and a cold cache.',
        fixForGood: `write 0 to rps_cpus of every queue of ${name}; nic/rps judges the value`,
        evidence: [`${steered.rpsCpus.source}: CPUs ${steered.rpsCpus.value.join(',')}`],
      },
    ]
  })
}
