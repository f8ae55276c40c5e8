/**
 * How late this thread's event loop runs its timers, in µs: what any other work of the loop waited
 * too. One timer of our own instead of monitorEventLoopDelay, because that one's histogram can
 * neither be merged across shards nor encoded, and because it counts a 500 ms stall as one sample.
 * Here a stall counts once for each tick it swallowed (500, 490, 480 …), as if somebody had asked
 * every 10 ms. libuv's timers have a grain of 1 ms, so up to 1 ms is the floor and no lag. Costs
 * one re-armed timer per shard: 0.3 % of a core at 10 ms, too much for a hundred processes at rest.
 */
import { nowUs } from './clock.ts'
import { LatencyRecorder } from './latency-recorder.ts'

export const LOOP_LAG_TICK_MS = 10
/** Where many processes share few cores. */
export const LOOP_LAG_TICK_SHARED_MS = 100
/** From this many processes on. */
export const SHARED_CORES_PROCESSES_MIN = 8

/** How often each of this many processes may look at its own loop. */
export function loopLagTickMs(processes: number): number {
  return processes >= SHARED_CORES_PROCESSES_MIN ? LOOP_LAG_TICK_SHARED_MS : LOOP_LAG_TICK_MS
}

export class LoopLagRecorder {
  readonly recorder = new LatencyRecorder()
  readonly #tickMs: number
  #timer: NodeJS.Timeout | null = null
  #intendedUs = 0

  constructor(tickMs = LOOP_LAG_TICK_MS) {
    this.#tickMs = tickMs
  }

  start(): void {
    if (this.#timer) return
    this.#intendedUs = nowUs() + this.#tickMs * 1000
    this.#timer = setTimeout(() => this.#tick(), this.#tickMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #tick(): void {
    const now = nowUs()
    recordLateness(this.recorder, now - this.#intendedUs, this.#tickMs * 1000)
    this.#intendedUs = now + this.#tickMs * 1000
    this.#timer?.refresh()
  }
}

/**
 * Records the lateness of a tick and of those it swallowed. A tick that is early by the timer's
 * grain counts as 1 µs late.
 */
export function recordLateness(recorder: LatencyRecorder, lateUs: number, tickUs: number): void {
  recorder.recordUs(Math.max(1, lateUs))
  for (let swallowedUs = lateUs - tickUs; swallowedUs >= 1; swallowedUs -= tickUs) {
    recorder.recordUs(swallowedUs)
  }
}
