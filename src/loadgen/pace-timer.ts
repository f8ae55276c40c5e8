/**
 * Calls a function when its next event is due. Timers of the event loop count milliseconds and fire
 * up to 2 ms late; an alarm of the epoll engine is late by 40 µs, and costs 30 µs of CPU where the
 * thread sleeps in between. Where events are far apart, the last stretch is spent in the loop's
 * check phase instead (sockets are still served), so that they leave at their µs. Where they are
 * close together a tick sends all that is due: the rest of the lateness is in `response`, not in
 * `service`.
 *
 *   events a second   by alarm                                  by timer of the loop
 *   up to 250         to the µs, an eighth of a core at most    to the µs, half a core at most
 *   up to 500         to the µs                                 up to 2 ms late
 *   up to 2,000       each by itself, some 40 µs late
 *   up to 20,000      in ticks of 0.5 ms
 *   more              in ticks of 1 ms
 */
import { openAlarm } from '../engine/create-engine.ts'
import type { SocketEngine } from '../engine/socket-engine.ts'
import { nowUs } from '../stats/clock.ts'

/** How precisely a kind of timer fires, and up to which rate the rest may be spent waiting. */
const BY_LOOP = { grainUs: 2_000, spinPerSecondMax: 250 } as const
/** 0.5 % of its wake-ups are later than this on a virtual machine. */
const BY_ALARM = { grainUs: 250, spinPerSecondMax: 500 } as const

const TICK_US = 500
/** From here on the messages of a tick are many, and wake-ups would cost 6 % of a core. */
const LONG_TICK_PER_SECOND_MIN = 20_000
const LONG_TICK_US = 1_000
const TIMER_MS_MAX = 1_000
/**
 * Each turn of the loop leaves a small object behind, so a turn waits a little itself: 80,000 turns
 * a second instead of 500,000. Sockets that become ready meanwhile wait as long.
 */
const SPIN_SLICE_US = 10

/** Answer of OnDue: more is due already; go on when sockets and timers had their turn. */
export const AT_ONCE = 0

/**
 * Does what is due at `nowUs`; returns the time of the next event, Infinity where there is none, or
 * AT_ONCE.
 */
export type OnDue = (nowUs: number) => number

export class PaceTimer {
  readonly #onDue: OnDue
  readonly #grainUs: number
  readonly #maySpin: boolean
  readonly #tickUs: number
  readonly #turn = (): void => this.#run()
  readonly #alarm: ReturnType<typeof openAlarm>
  #timer: NodeJS.Timeout | null = null
  #immediate: NodeJS.Immediate | null = null
  #running = false

  /** `engine`: whose alarm is used where it has them; null: timers of the loop. */
  constructor(eventsPerSecond: number, onDue: OnDue, engine: SocketEngine | null = null) {
    this.#onDue = onDue
    this.#alarm = engine === null ? null : openAlarm(engine, this.#turn)
    const { grainUs, spinPerSecondMax } = this.#alarm === null ? BY_LOOP : BY_ALARM
    this.#grainUs = grainUs
    this.#maySpin = eventsPerSecond <= spinPerSecondMax
    this.#tickUs = eventsPerSecond < LONG_TICK_PER_SECOND_MIN ? TICK_US : LONG_TICK_US
  }

  start(): void {
    this.#running = true
    this.#run()
  }

  stop(): void {
    this.#running = false
    this.#alarm?.cancel()
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#immediate) clearImmediate(this.#immediate)
    this.#timer = null
    this.#immediate = null
  }

  #run(): void {
    // An alarm that had rung when it was cancelled may come here, even after another start().
    if (!this.#running) return
    if (this.#immediate) clearImmediate(this.#immediate)
    this.#timer = null
    this.#immediate = null
    let nextUs = this.#onDue(nowUs())
    // Called a second time at most, so that sockets get their turn whatever it answers.
    if (this.#isNear(nextUs) && this.#spinUntil(nextUs)) nextUs = this.#onDue(nowUs())
    if (!this.#running || nextUs === Number.POSITIVE_INFINITY) return
    if (nextUs === AT_ONCE || this.#isNear(nextUs)) this.#immediate = setImmediate(this.#turn)
    else this.#sleepUntil(nextUs)
  }

  #isNear(nextUs: number): boolean {
    return this.#running && this.#maySpin && nextUs - nowUs() <= this.#grainUs
  }

  /** True where the time came: another turn of the loop before it is used would be latency. */
  #spinUntil(nextUs: number): boolean {
    let currentUs = nowUs()
    const sliceEndUs = currentUs + SPIN_SLICE_US
    while (currentUs < nextUs && currentUs < sliceEndUs) currentUs = nowUs()
    return currentUs >= nextUs
  }

  #sleepUntil(nextUs: number): void {
    const wakeUs = this.#maySpin ? nextUs - this.#grainUs : nextUs
    const waitUs = wakeUs - nowUs()
    // At least a tick: events closer than that go out together.
    if (this.#alarm !== null) {
      this.#alarm.setAtUs(waitUs >= this.#tickUs || this.#maySpin ? wakeUs : nowUs() + this.#tickUs)
    } else {
      const sleepMs = Math.min(TIMER_MS_MAX, Math.max(1, Math.floor(waitUs / 1000)))
      this.#timer = setTimeout(this.#turn, sleepMs)
    }
  }
}
