/**
 * Whether the accept queues of a target on this host outlast a stall of its event loop at the
 * connect rate. What does not fit is dropped by the kernel and tried again after a second: the run
 * works, but its connect times do not. Another host's queues are not ours to see.
 */
import { formatCount, formatRate } from '../../config/quantities.ts'
import type { CapacityLimit } from '../../stats/capacity/capacity-limits.ts'

/** A major collection, or a batch of upgrades, that an accept queue should outlast. */
const STALL_SECONDS = 0.5
/** What listen() can ask for (net/socket.c, int) and a node of ours does. */
const BACKLOG_MAX = 65_535

export interface AcceptDemand {
  readonly connections: number
  readonly connectsPerSecond: number
  /** Listeners that take connections at one time. */
  readonly listeners: number
}

export interface AcceptFinding {
  readonly limit: CapacityLimit
  readonly warning: string | null
}

/** @param acceptQueueMax net.core.somaxconn; null: unknown */
export function acceptQueues(
  { connections, connectsPerSecond, listeners }: AcceptDemand,
  acceptQueueMax: number | null,
): AcceptFinding {
  const waiting = Math.min(connections, connectsPerSecond * STALL_SECONDS)
  const need = Math.ceil(waiting / Math.max(1, listeners))
  const have = acceptQueueMax === null ? null : Math.min(acceptQueueMax, BACKLOG_MAX)
  const source = `net.core.somaxconn, a stall of ${STALL_SECONDS * 1000} ms at the connect rate`
  const limit = { name: 'accept queue', unit: 'count', need, have, source } as const
  if (have === null || need <= have) return { limit, warning: null }
  const fitting = Math.floor((have * Math.max(1, listeners)) / STALL_SECONDS)
  const wanted = Math.min(BACKLOG_MAX, 2 ** Math.ceil(Math.log2(need)))
  return {
    limit,
    warning:
      `an accept queue holds ${formatCount(have)} connections, and a stall of ` +
      `${STALL_SECONDS * 1000} ms at ${formatRate(connectsPerSecond)} brings ` +
      `${formatCount(need)}: ` +
      `sysctl -w net.core.somaxconn=${wanted} (as root, before the target starts), ` +
      `or --connect-rate ${fitting}`,
  }
}
