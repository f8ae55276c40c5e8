/**
 * Segments that this host sent twice. They may be lost on the way, or late answers of a busy peer:
 * either way the messages in them waited for a timeout that is no latency of the target.
 */
import { formatCount } from '../../config/quantities.ts'
import { counted, levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/**
 * Of the segments sent. A retransmission delays its message by 200 ms or more, so beyond 1 % the
 * p99 is the network's. That is no fault of the generator, so the run is never worthless by it.
 */
export const RETRANSMIT_SHARE = { suspect: 0.01, invalid: Number.POSITIVE_INFINITY } as const
/** Below this a single stray segment of another program would decide. */
const SEGMENTS_MIN = 10_000

export const retransmits: VerdictRule = ({ host }) => {
  const segments = host['segments_sent'] ?? 0
  const again = host.retransmits ?? 0
  if (segments < SEGMENTS_MIN) return null
  const level = levelOf(again / segments, RETRANSMIT_SHARE)
  if (level === null) return null
  return {
    level,
    reason:
      `this host sent ${formatCount(again)} of ${counted(segments, 'segment')} again ` +
      `(${percent(again / segments)}): ` +
      'look for loss on the path and for drops with pushctl doctor --role loadgen',
  }
}
