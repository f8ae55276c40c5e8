/**
 * A rate limit for each slot of a shard, as a virtual clock (GCRA): one number a slot, the time up
 * to which its rate is used up. Exact, without windows whose edges let twice the rate through.
 *
 *   slot │ used until ms f64
 *      0 │ 18_204.5           within `burst` of now: one more is fine
 *      1 │ ·                  never limited, its page is never touched
 *
 * 8 bytes a slot that sends anything, and only where a limit is set: without one there is no
 * SlotRate.
 */
import type { Slot } from '../../engine/socket-engine.ts'

/** What may come at once after a rest, in seconds of the rate. */
const BURST_SECONDS = 2

export class SlotRate {
  readonly #msPerUnit: number
  readonly #burstMs: number
  readonly #usedUntilMs: Float64Array

  /** `burstUnitsMin`: so much may come at once, however low the rate is. */
  constructor(capacity: number, unitsPerSecond: number, burstUnitsMin: number) {
    this.#msPerUnit = 1000 / unitsPerSecond
    this.#burstMs = Math.max(BURST_SECONDS * 1000, burstUnitsMin * this.#msPerUnit)
    this.#usedUntilMs = new Float64Array(capacity)
  }

  /** False: that is more than the slot may have now, and nothing was taken. */
  take(slot: Slot, units: number, nowMs: number): boolean {
    const until = Math.max(this.#usedUntilMs[slot], nowMs) + units * this.#msPerUnit
    // The sum of many small steps may pass the limit by a rounding error.
    if (until - nowMs > this.#burstMs + 1e-6) return false
    this.#usedUntilMs[slot] = until
    return true
  }

  /** The slot is somebody else's now. */
  forget(slot: Slot): void {
    if (this.#usedUntilMs[slot] !== 0) this.#usedUntilMs[slot] = 0
  }
}
