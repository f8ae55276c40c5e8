/**
 * The ticks of a timer wheel, without the time in which its thread stood still. After a suspended
 * machine, a long collection or seconds without a CPU the first thing to run would be the timers,
 * and they would give up peers whose answers wait unread in the sockets.
 */

/** More than this between two looks at the clock means that the thread stood still. */
const TICKS_PER_LOOK_MAX = 2

export class WheelClock {
  readonly #tickMs: number
  #tick = 0
  #lostTicks = 0

  constructor(tickMs: number) {
    this.#tickMs = tickMs
  }

  /** The tick now. `elapsedMs` counts from any fixed moment; to be called every tickMs. */
  tickAt(elapsedMs: number): number {
    const elapsedTicks = Math.floor(elapsedMs / this.#tickMs) - this.#lostTicks
    this.#lostTicks += Math.max(0, elapsedTicks - this.#tick - TICKS_PER_LOOK_MAX)
    this.#tick = Math.min(elapsedTicks, this.#tick + TICKS_PER_LOOK_MAX)
    return this.#tick
  }

  /** Ticks that take at least so long. */
  ticksOf(milliseconds: number): number {
    return Math.max(1, Math.ceil(milliseconds / this.#tickMs))
  }

  /** When this tick was due, on the clock of `elapsedMs`, as far as can be told now. */
  dueMs(tick: number): number {
    return (tick + this.#lostTicks) * this.#tickMs
  }
}
