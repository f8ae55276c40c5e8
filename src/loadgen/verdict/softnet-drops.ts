/**
 * Packets that this host's kernel dropped before any socket saw them, because a CPU's backlog was
 * full: loopback, veth and RPS go through it. Each costs its connection a retransmission timeout.
 */
import { counted, levelOf, percent, type VerdictRule } from './verdict-facts.ts'

/**
 * Of the packets handled (net/core/dev.c enqueue_to_backlog). A drop delays a message by 200 ms or
 * more, so 0.01 % is the whole p99.99 and 1 % the whole p99.
 */
export const DROPPED_SHARE = { suspect: 0.0001, invalid: 0.01 } as const

export const softnetDrops: VerdictRule = ({ host }) => {
  const dropped = host.softnet_drops ?? 0
  const packets = (host['softnet_packets'] ?? 0) + dropped
  if (packets === 0) return null
  const level = levelOf(dropped / packets, DROPPED_SHARE)
  if (level === null) return null
  return {
    level,
    reason:
      `the kernel of this host dropped ${counted(dropped, 'packet')} on a full backlog ` +
      `(${percent(dropped / packets)}): sysctl -w net.core.netdev_max_backlog=16384, ` +
      'or lower --rate',
  }
}
