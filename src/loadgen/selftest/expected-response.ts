/**
 * What a client must see of the selftest's server, from the schedule, the known delays and the one
 * stall alone: no measurement of the generator is in it. Percentiles are taken from the sorted
 * values themselves (nearest rank), so that the histogram under test is not judged by itself.
 */

/** The server did not run from `fromUs` until `untilUs`; monotonic clock. */
export interface Stall {
  readonly fromUs: number
  readonly untilUs: number
}

/**
 * Response time in µs of a message due at `intendedUs` whose answer is delayed by `delayUs`. Due
 * during the stall: it is read when the stall ends, and delayed from then. Answer due during the
 * stall: sent when it ends.
 */
export function expectedResponseUs(
  intendedUs: number,
  delayUs: number,
  stall: Stall | null,
): number {
  const readUs = afterStall(intendedUs, stall)
  return afterStall(readUs + delayUs, stall) - intendedUs
}

function afterStall(atUs: number, stall: Stall | null): number {
  return stall !== null && atUs >= stall.fromUs && atUs < stall.untilUs ? stall.untilUs : atUs
}

/** The value at or below which `percentile` % of the ascending values lie; NaN without values. */
export function percentileOf(ascending: Float64Array, percentile: number): number {
  // As in LatencyRecorder: 99.9 % of 1,000 must be 999 and not 999.0000000000001.
  const rank = Math.ceil((percentile / 100) * ascending.length * (1 - Number.EPSILON))
  return ascending[Math.max(1, rank) - 1] ?? Number.NaN
}
