/**
 * When a device comes back after its connection ended: a pure function of how it ended. A BYE says
 * so by its hundreds (docs/protocol.md#bye-codes); without one it is exponential back-off with full
 * jitter, so that those who were lost together do not come back together.
 */
import { byeRange } from '../protocol/frame-types.ts'

export const BACK_OFF_MS_BASE = 1_000
export const BACK_OFF_MS_MAX = 30_000

export interface ConnectionEnd {
  /** Of a BYE or a WebSocket close; 0: the connection broke off. */
  readonly code: number
  readonly retryAfterMs: number
  /** Where to go instead, best first; missing: nothing was said. */
  readonly addresses?: readonly string[]
}

export const BROKEN_OFF: ConnectionEnd = { code: 0, retryAfterMs: 0 }

/**
 * Milliseconds until the next attempt; Infinity: it stays away. `attempts` failed since the loss,
 * `random` is from 0 to below 1.
 */
export function backOffMs(end: ConnectionEnd, attempts: number, random: number): number {
  const jitterMs = random * Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_BASE * 2 ** attempts)
  if (end.code < 4000 || end.code > 4999) return jitterMs
  switch (byeRange(end.code)) {
    case 'stop':
      return Number.POSITIVE_INFINITY
    case 'backoff':
      return end.retryAfterMs + jitterMs
    default:
      // At once, here or elsewhere. Later attempts are those of any other.
      return attempts === 0 ? 0 : jitterMs
  }
}
