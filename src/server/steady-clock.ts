/**
 * The time of day as of the start of this process, carried on by a clock that nobody sets: steps of
 * CLOCK_REALTIME (NTP, an operator) neither lengthen nor shorten what is measured with it. For
 * times within one life of the node; what is written down for the next one is in the time of day.
 */

/** Milliseconds since 1970, by the steady clock. */
export function steadyNowMs(): number {
  return performance.timeOrigin + performance.now()
}

/** How far the time of day was set since the start of this process, forward: above 0. */
export function clockOffsetMs(): number {
  return Date.now() - steadyNowMs()
}

export function steadyNowSeconds(): number {
  return Math.floor(steadyNowMs() / 1000)
}
