/**
 * Calls a function when its next event is due. Timers of the event loop have a grain of 1 ms and
 * fire up to 2 ms late, which would be in every latency of a sparse schedule; so where events are
 * far apart the last stretch is spent in the loop's check phase instead (sockets are still served).
 * Where they are close together a tick sends all that is due, and the remaining lateness is in
 * `response`, not in `service`. Spinning costs at most half a core, at SPIN_PER_SECOND_MAX.
 */
import { nowUs } from '../stats/clock.ts'

/** A timer asked to fire in n ms fires between n and n + 2 ms. */
const TIMER_GRAIN_US = 2_000
/** With events 4 ms apart, half of the time is spent waiting actively. */
const SPIN_PER_SECOND_MAX = 250
const TIMER_MS_MAX = 1_000
/**
 * Each turn of the loop leaves a small object behind, so a turn waits a little itself: 80,000 turns
 * a second instead of 500,000. Sockets that become ready meanwhile wait as long.
 */
const SPIN_SLICE_US = 10

/**
 * Does what is due at `nowUs`; returns the time of the next event, Infinity where there is none.
 */
export type OnDue = (nowUs: number) => number

export class PaceTimer {
  readonly #onDue: OnDue
  readonly #maySpin: boolean
  readonly #turn = (): void => this.#run()
  #timer: NodeJS.Timeout | null = null
  #immediate: NodeJS.Immediate | null = null
  #running = false

  constructor(eventsPerSecond: number, onDue: OnDue) {
    this.#onDue = onDue
    this.#maySpin = eventsPerSecond <= SPIN_PER_SECOND_MAX
  }

  start(): void {
    this.#running = true
    this.#run()
  }

  stop(): void {
    this.#running = false
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#immediate) clearImmediate(this.#immediate)
    this.#timer = null
    this.#immediate = null
  }

  #run(): void {
    this.#timer = null
    this.#immediate = null
    let nextUs = this.#onDue(nowUs())
    // Called a second time at most, so that sockets get their turn whatever it answers.
    if (this.#isNear(nextUs) && this.#spinUntil(nextUs)) nextUs = this.#onDue(nowUs())
    if (!this.#running || nextUs === Number.POSITIVE_INFINITY) return
    if (this.#isNear(nextUs)) this.#immediate = setImmediate(this.#turn)
    else this.#sleep(nextUs - nowUs())
  }

  #isNear(nextUs: number): boolean {
    return this.#running && this.#maySpin && nextUs - nowUs() <= TIMER_GRAIN_US
  }

  /** True where the time came: another turn of the loop before it is used would be latency. */
  #spinUntil(nextUs: number): boolean {
    let currentUs = nowUs()
    const sliceEndUs = currentUs + SPIN_SLICE_US
    while (currentUs < nextUs && currentUs < sliceEndUs) currentUs = nowUs()
    return currentUs >= nextUs
  }

  #sleep(waitUs: number): void {
    const sleepUs = this.#maySpin ? waitUs - TIMER_GRAIN_US : waitUs
    // At least a tick: events closer than that go out together.
    const sleepMs = Math.min(TIMER_MS_MAX, Math.max(1, Math.floor(sleepUs / 1000)))
    this.#timer = setTimeout(this.#turn, sleepMs)
  }
}
