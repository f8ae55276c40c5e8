/** Time limits of the generator, and the grain in which they are kept. */

/**
 * Each of connect, upgrade and HELLO may take this long; the protocol's own handshake limit is the
 * same.
 */
export const PHASE_LIMIT_MS = 10_000
/** A PONG later than this is a dead connection. */
export const PONG_LIMIT_MS = 10_000
/** One tick of the timer wheel: limits and heartbeats are met to this grain. */
export const WHEEL_TICK_MS = 50

export function ticksOf(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / WHEEL_TICK_MS))
}
