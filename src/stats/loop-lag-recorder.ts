/**
 * How late this thread's event loop runs its timers, in µs: what any other work of the loop waited
 * too. One timer of our own instead of monitorEventLoopDelay, because that one's histogram can
 * neither be merged across shards nor encoded, and because it counts a 500 ms stall as one sample.
 * Here a stall counts once for each tick it swallowed (500, 490, 480 …), as if somebody had asked
 * every 10 ms. libuv's timers have a grain of 1 ms, so up to 1 ms is the floor and no lag. Costs
 * one timer per shard: 0.3 % of a core at 10 ms. A hundred processes at rest come back to cold
 * caches each time, a quarter of a millisecond each, so they look once a second.
 */
import { AlignedTicker, type TickPhase } from './aligned-ticker.ts'
import { nowUs } from './clock.ts'
import { LatencyRecorder } from './latency-recorder.ts'

export const LOOP_LAG_TICK_MS = 10
/** Where many processes share few cores. */
export const LOOP_LAG_TICK_SHARED_MS = 1_000
/** From this many processes on. */
export const SHARED_CORES_PROCESSES_MIN = 8

/** How often each of this many processes may look at its own loop. */
export function loopLagTickMs(processes: number): number {
  return processes >= SHARED_CORES_PROCESSES_MIN ? LOOP_LAG_TICK_SHARED_MS : LOOP_LAG_TICK_MS
}

export class LoopLagRecorder {
  #recorder = new LatencyRecorder()
  readonly #tickUs: number
  readonly #ticker: AlignedTicker
  #sinceLook: Lateness = { sumUs: 0, ticks: 0 }

  constructor(tickMs = LOOP_LAG_TICK_MS, phase: TickPhase = 0) {
    this.#tickUs = tickMs * 1000
    this.#ticker = new AlignedTicker(tickMs, phase, (dueUs) => this.#tick(dueUs))
  }

  get recorder(): LatencyRecorder {
    return this.#recorder
  }

  start(): void {
    this.#ticker.start()
  }

  stop(): void {
    this.#ticker.stop()
  }

  /** What was recorded; what comes counts anew. */
  take(): LatencyRecorder {
    const taken = this.#recorder
    this.#recorder = new LatencyRecorder()
    return taken
  }

  /** Mean lateness since the last call, 0 where no tick ran. */
  takeMeanUs(): number {
    const { sumUs, ticks } = this.#sinceLook
    this.#sinceLook = { sumUs: 0, ticks: 0 }
    return ticks === 0 ? 0 : sumUs / ticks
  }

  #tick(dueUs: number): void {
    const lateness = recordLateness(this.recorder, nowUs() - dueUs, this.#tickUs)
    this.#sinceLook.sumUs += lateness.sumUs
    this.#sinceLook.ticks += lateness.ticks
  }
}

export interface Lateness {
  sumUs: number
  ticks: number
}

/**
 * Records the lateness of a tick and of those it swallowed, and returns their sum. A tick that is
 * early by the timer's grain counts as 1 µs late.
 */
export function recordLateness(
  recorder: LatencyRecorder,
  lateUs: number,
  tickUs: number,
): Lateness {
  const lateness = { sumUs: Math.max(1, lateUs), ticks: 1 }
  recorder.recordUs(lateness.sumUs)
  for (let swallowedUs = lateUs - tickUs; swallowedUs >= 1; swallowedUs -= tickUs) {
    recorder.recordUs(swallowedUs)
    lateness.sumUs += swallowedUs
    lateness.ticks++
  }
  return lateness
}
