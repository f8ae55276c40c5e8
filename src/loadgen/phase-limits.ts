/** Time limits of the generator, and the grain in which they are kept. */

/**
 * Each of connect, upgrade and HELLO may take this long; the protocol's own handshake limit is the
 * same.
 */
export const PHASE_LIMIT_MS = 10_000
/**
 * A PONG later than this, and than half the interval of the heartbeat, is a dead connection: as
 * long as a node waits for a PING beyond the interval.
 */
export const PONG_LIMIT_MS = 10_000
/** A node that many leave at once takes its time to close its side. */
export const LINGER_MS = 10_000
/** One tick of the timer wheel: limits and heartbeats are met to this grain. */
const WHEEL_TICK_MS = 50
/** Where many shards share few cores: each tick wakes each of them, with caches gone cold. */
const WHEEL_TICK_SHARED_MS = 1_000
const SHARDS_WITH_FINE_TICKS_MAX = 8

export function wheelTickMs(shards: number): number {
  return shards > SHARDS_WITH_FINE_TICKS_MAX ? WHEEL_TICK_SHARED_MS : WHEEL_TICK_MS
}
