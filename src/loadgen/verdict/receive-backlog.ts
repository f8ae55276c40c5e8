/**
 * Sockets that nobody read in time: their receive buffers ran full, so the kernel packed, cut or
 * dropped what came, or told the sender to stop. Messages then waited in the generator's own
 * kernel, which no latency of a target should contain. By counters, because asking a hundred
 * thousand sockets would cost more than it tells.
 */
import { formatCount } from '../../config/quantities.ts'
import { levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/** Of the segments received: 0.01 % touches the p99.99, 1 % is the p99. */
export const BACKLOG_SHARE = { suspect: 0.0001, invalid: 0.01 } as const

/** The counters are of the whole namespace: a few events are some other program's. */
const EVENTS_MIN = 100

/** Of TcpExt: TCPBacklogDrop, TCPRcvQDrop, PruneCalled, TCPRcvCollapsed, TCPToZeroWindowAdv. */
const COUNTERS = [
  'backlog_drops',
  'receive_queue_drops',
  'receive_pruned',
  'receive_collapsed',
  'zero_windows',
] as const

export const receiveBacklog: VerdictRule = ({ host, isTargetHere }) => {
  const seen = COUNTERS.map((name) => ({ name, count: host[name] ?? 0 }))
  const events = seen.reduce((sum, { count }) => sum + count, 0)
  if (events < EVENTS_MIN) return null
  const segments = Math.max(host['segments_received'] ?? 0, events)
  const level = levelOf(events / segments, BACKLOG_SHARE)
  if (level === null) return null
  const moved = seen.filter(({ count }) => count > 0)
  const words = moved
    .map(({ name, count }) => `${name.replaceAll('_', ' ')} ${formatCount(count)}`)
    .join(', ')
  const whose = isTargetHere ? 'the generator or the target beside it' : 'the generator'
  const share = percent(events / segments)
  return {
    // Beside a target nobody can say whose buffers they were.
    level: isTargetHere ? 'SUSPECT' : level,
    reason:
      `receive buffers of ${whose}` +
      ` ran full (${words}; ${share} of the segments received): lower --rate or use more --workers`,
  }
}
