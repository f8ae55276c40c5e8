/**
 * How full the table of tracked connections is. A full one drops the first packet of new
 * connections while old ones go on, so it looks like a listener in trouble.
 */
import { conntrackLimit, conntrackPath } from '../../conntrack-path.ts'
import {
  counted,
  type CounterMove,
  describeMove,
  grouped,
  lossStatus,
  moveBetween,
  percent,
} from '../../counter-moves.ts'
import { type Fact, pickFact } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { isAlarm, worstOf } from '../../status-order.ts'
import type { Target } from '../../target.ts'

const WARN_SHARE = 0.75
const CRITICAL_SHARE = 0.9
/** New connections refused, and live entries thrown out to make room. */
const LOSSES = ['drop', 'early_drop'] as const
const ALSO_SHOWN = ['insert_failed', 'invalid'] as const

export const conntrackFill: Check = {
  id: 'conntrack/fill',
  title: 'Table of tracked connections',
  family: 'conntrack',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source: 'net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc, early_drop',
  why:
    'A full table drops the first packet of each new connection and throws out entries that are ' +
    'not yet assured. Existing connections go on, so it looks as if the listener were at fault.',
  explain: `A firewall or NAT rule that asks for the state of a connection makes the kernel keep an
entry for each one. The table has a limit for the whole host, nf_conntrack_max; each network
namespace counts its own entries.

At the limit the kernel first looks for an entry it may throw out (early_drop), then drops the
packet (drop) and writes "nf_conntrack: table full, dropping packet" to the kernel log. The client
sends its SYN again after 1, 2, 4 seconds.

Best remedy for a push port: do not track it (notrack rules in raw prerouting and output). Else
raise the limit together with the buckets: conntrack/max.

Do not read net.ipv4.netfilter.ip_conntrack_*, as some monitors do: the path is gone since 4.x, and
they report "unknown" for ever.`,
  evaluate: evaluateFill,
}

function evaluateFill(facts: Facts, target: Target): Finding {
  const path = conntrackPath(facts)
  if (!path.known) return unknownFinding(conntrackFill, path)
  const { state, count } = path.value
  if (state === 'not loaded' || state === 'not in the path') {
    return findingOf(conntrackFill, {
      status: 'ok',
      observed: state === 'not loaded' ? 'connections are not tracked' : 'loaded, tracks nothing',
      evidence: [`${path.source}: ${state === 'not loaded' ? 'does not exist' : '0'}`],
    })
  }
  const max = conntrackLimit(facts)
  if (!max.known) return unknownFinding(conntrackFill, max)
  const losses = LOSSES.map((column) => statisticMove(facts, column))
  const [broken] = losses.flatMap((loss) => (loss.known ? [] : [loss]))
  const share = max.value > 0 ? count / max.value : 0
  const projected = projectedStatus(target, max.value, state)
  const status = worstOf(
    shareStatus(share),
    projected,
    ...losses.map((loss) => (loss.known ? lossStatus(loss.value, 'critical') : 'unknown')),
    loggedLines(facts).length > 0 ? 'warn' : 'ok',
  )
  if (status === 'unknown' && broken !== undefined) return unknownFinding(conntrackFill, broken)
  return findingOf(conntrackFill, {
    status,
    observed:
      observedText(count, max.value, share, losses) +
      (projected === 'ok' ? '' : '; the target needs more') +
      (loggedLines(facts).length > 0 ? '; the kernel log tells of a full table' : ''),
    needed:
      `under ${percent(WARN_SHARE)} full, and room for the target's ` +
      `${counted(target.connections, 'connection')}`,
    evidence: [
      `${path.source}: ${grouped(count)}`,
      `${max.source}: ${grouped(max.value)}`,
      ...[...losses, ...ALSO_SHOWN.map((column) => statisticMove(facts, column))].flatMap((move) =>
        move.known ? [`${move.source}: ${describeMove(move.value, facts)}`] : [],
      ),
      ...loggedLines(facts).slice(-1),
    ],
    ...(isAlarm(status)
      ? {
          fixNow: 'raise the limit by the amount that conntrack/max gives',
          fixForGood: 'exclude the port of the service from tracking: nft … tcp dport PORT notrack',
        }
      : {}),
  })
}

/** Columns are 32 bits wide in each CPU's row; so is a wrap of their sum. */
function statisticMove(facts: Facts, column: string): Fact<CounterMove> {
  const valueIn = (moment: 'before' | 'after'): Fact<number> =>
    pickFact(
      facts[moment].conntrackStat,
      (table) => table[column],
      `this kernel has no column ${column}`,
    )
  const after = valueIn('after')
  if (!after.known) return after
  const before = valueIn('before')
  if (!before.known) return before
  return moveBetween(facts, `nf_conntrack ${column}`, before.value, after.value, after.source, 32)
}

function shareStatus(share: number): Status {
  if (share >= CRITICAL_SHARE) return 'critical'
  return share >= WARN_SHARE ? 'warn' : 'ok'
}

/** An idle table may not be in the path of the service at all: a risk, not a proof. */
function projectedStatus(target: Target, max: number, state: string): Status {
  if (max <= 0 || target.connections <= max) return 'ok'
  return state === 'tracking' ? 'critical' : 'info'
}

function observedText(
  count: number,
  max: number,
  share: number,
  losses: readonly Fact<CounterMove>[],
): string {
  const lost = losses.reduce((sum, loss) => sum + (loss.known ? loss.value.delta : 0), 0)
  const basis = losses.some((loss) => loss.known && loss.value.basis === 'boot')
  const when = basis ? 'since boot' : 'now'
  const dropped = lost > 0 ? `; ${grouped(lost)} dropped or thrown out ${when}` : ''
  return `${grouped(count)} of ${counted(max, 'entry', 'entries')}, ${percent(share)}${dropped}`
}

function loggedLines(facts: Facts): string[] {
  if (!facts.kernelLog.known) return []
  return facts.kernelLog.value
    .filter(({ kind }) => kind === 'conntrackFull')
    .map(({ text }) => `kernel log: ${text}`)
}
