/**
 * What a device that must back off is told (retryAfterMs of BYE 4100–4199). Spread, because devices
 * that were sent away together must not come back together; their own jitter comes on top.
 */
import { BYE } from '../../protocol/frame-types.ts'

const RETRY_AFTER_MS = 5_000
/** A node that refuses everybody needs longer than one that refuses one device. */
const OVERLOADED_MS_MIN = 5_000
const OVERLOADED_MS_MAX = 30_000

/** `random` is in [0, 1). 0 for codes that do not ask to back off. */
export function retryAfterMs(code: number, random: number): number {
  if (code < BYE.OVERLOADED || code >= BYE.HEARTBEAT_LOST) return 0
  const isNodeWide = code === BYE.OVERLOADED || code === BYE.NODE_FULL
  const [from, to] = isNodeWide
    ? [OVERLOADED_MS_MIN, OVERLOADED_MS_MAX]
    : [RETRY_AFTER_MS, 2 * RETRY_AFTER_MS]
  return Math.floor(from + random * (to - from))
}
