/**
 * How late this thread's event loop runs its timers, in µs: what any other work of the loop waited
 * too. One timer of our own instead of monitorEventLoopDelay, because that one's histogram can
 * neither be merged across shards nor encoded, and because it counts a 500 ms stall as one sample.
 * Here a stall counts once for each tick it swallowed (500, 490, 480 …), as if somebody had asked
 * every 10 ms. libuv's timers have a grain of 1 ms, so up to 1 ms is the floor and no lag. Costs
 * one re-armed timer per shard.
 */
import { nowUs } from './clock.ts'
import { LatencyRecorder } from './latency-recorder.ts'

export const LOOP_LAG_TICK_MS = 10
const TICK_US = LOOP_LAG_TICK_MS * 1000

export class LoopLagRecorder {
  readonly recorder = new LatencyRecorder()
  #timer: NodeJS.Timeout | null = null
  #intendedUs = 0

  start(): void {
    if (this.#timer) return
    this.#intendedUs = nowUs() + TICK_US
    this.#timer = setTimeout(() => this.#tick(), LOOP_LAG_TICK_MS)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #tick(): void {
    const now = nowUs()
    recordLateness(this.recorder, now - this.#intendedUs)
    this.#intendedUs = now + TICK_US
    this.#timer?.refresh()
  }
}

/**
 * Records the lateness of a tick and of those it swallowed. A tick that is early by the timer's
 * grain counts as 1 µs late.
 */
export function recordLateness(recorder: LatencyRecorder, lateUs: number): void {
  recorder.recordUs(Math.max(1, lateUs))
  for (let swallowedUs = lateUs - TICK_US; swallowedUs >= 1; swallowedUs -= TICK_US) {
    recorder.recordUs(swallowedUs)
  }
}
