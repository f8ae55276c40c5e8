/**
 * How far another host's monotonic clock is from ours, from round trips: half way between a
 * question and its answer, the other clock showed what the answer says, give or take half the round
 * trip (Cristian, 1989). The best of many is the one with the least error now: a short round trip,
 * and not so long ago, because clocks drift apart. Nothing is averaged: a delayed answer would only
 * add to the error.
 */
export interface OffsetEstimate {
  /** Theirs = ours + offset. */
  readonly offsetUs: number
  /** The offset is this far off at the most, in either direction. */
  readonly errorUs: number
}

interface RoundTrip {
  readonly offsetUs: number
  readonly errorUs: number
  readonly atUs: number
}

/** Two crystals of 50 parts in a million each, in opposite directions: 100 µs in a second. */
export const DRIFT_US_PER_S = 100
/** Beyond so many, the oldest say nothing that the newer do not say better. */
const ROUND_TRIPS_MAX = 32

export class ClockOffset {
  readonly #trips: RoundTrip[] = []

  /** A question left at `askedUs`, was answered when theirs showed `theirsUs`, and was back. */
  add(askedUs: number, theirsUs: number, backUs: number): void {
    const errorUs = (backUs - askedUs) / 2
    if (errorUs < 0) return
    this.#trips.push({ offsetUs: theirsUs - (askedUs + errorUs), errorUs, atUs: backUs })
    if (this.#trips.length > ROUND_TRIPS_MAX) this.#trips.shift()
  }

  get count(): number {
    return this.#trips.length
  }

  /** null before the first answer. */
  estimate(nowUs: number): OffsetEstimate | null {
    let best: OffsetEstimate | null = null
    for (const { offsetUs, errorUs, atUs } of this.#trips) {
      const aged = errorUs + (Math.max(0, nowUs - atUs) / 1e6) * DRIFT_US_PER_S
      if (best === null || aged < best.errorUs) best = { offsetUs, errorUs: aged }
    }
    return best
  }
}
