/**
 * Brings lost connections back as devices would: each after its own back-off (back-off.ts), again
 * and again until it is welcomed or sent away for good. One timer wheel for all, which turns only
 * while something waits.
 *
 *   row │ attempts u8 │ lostUs f64 │ attemptUs f64
 *    17 │           2 │    81.20e9 │       83.1e9      lost, tried twice, waits or connects
 *    18 │           0 │          0 │            0      was never lost, or is back
 *
 * 31 bytes a connection with its entry in the wheel, in memory only once it was lost.
 */
import { TimerWheel } from '../engine/timer-wheel.ts'
import { nowUs } from '../stats/clock.ts'
import { backOffMs, type ConnectionEnd } from './back-off.ts'
import { LatencyPair } from './latency-pair.ts'
import { seededRandom } from './seeded-random.ts'

/** The grain of the back-off: what is due within one tick connects together. */
const TICK_MS = 10
/** 2^15 s is beyond every cap. */
const ATTEMPTS_COUNTED_MAX = 15

/** Who opens connections: rows that are due are queued, then it is told to go on. */
export interface Reopener {
  queueAgain(row: number, dueUs: number): void
  goOn(): void
}

export class Reconnector {
  /**
   * From the loss to WELCOME; `service` from the start of the attempt that succeeded. Losses of the
   * measured time only.
   */
  readonly reconnectTime = new LatencyPair()
  measureFromUs = 0
  readonly #reopener: Reopener
  readonly #wheel: TimerWheel
  readonly #attempts: Uint8Array
  readonly #lostUs: Float64Array
  readonly #attemptUs: Float64Array
  readonly #random: () => number
  readonly #startUs = nowUs()
  readonly #onDue = (row: number): void => {
    this.#reopener.queueAgain(row, this.#startUs + this.#wheel.nowTick * TICK_MS * 1000)
  }
  #timer: NodeJS.Timeout | null = null
  #isStopped = false

  constructor(rows: number, reopener: Reopener, seed: number) {
    this.#reopener = reopener
    this.#wheel = new TimerWheel(rows)
    this.#attempts = new Uint8Array(rows)
    this.#lostUs = new Float64Array(rows)
    this.#attemptUs = new Float64Array(rows)
    this.#random = seededRandom(seed).next
  }

  /** A connection that was up ended at `atUs`. */
  onLost(row: number, atUs: number, end: ConnectionEnd): void {
    this.#attempts[row] = 0
    this.#lostUs[row] = atUs
    this.#backOff(row, end)
  }

  /** An attempt to come back failed. */
  onFailed(row: number, end: ConnectionEnd): void {
    if (this.#lostUs[row] === 0) return
    this.#attempts[row] = Math.min(ATTEMPTS_COUNTED_MAX, this.#attempts[row] + 1)
    this.#backOff(row, end)
  }

  /** A connection ended because it was replaced: it comes back at once. */
  replace(row: number, dueUs: number): void {
    if (this.#isStopped) return
    this.#attempts[row] = 0
    this.#lostUs[row] = dueUs
    this.#reopener.queueAgain(row, dueUs)
    this.#reopener.goOn()
  }

  onAttempt(row: number, atUs: number): void {
    this.#attemptUs[row] = atUs
  }

  onWelcome(row: number, atUs: number): void {
    const lostUs = this.#lostUs[row]
    if (lostUs === 0) return
    this.#lostUs[row] = 0
    if (lostUs < this.measureFromUs) return
    this.reconnectTime.recordUs(atUs, lostUs, this.#attemptUs[row])
  }

  stop(): void {
    this.#isStopped = true
    this.#stopTurning()
  }

  #backOff(row: number, end: ConnectionEnd): void {
    if (this.#isStopped) return
    const delayMs = backOffMs(end, this.#attempts[row], this.#random())
    if (delayMs === Number.POSITIVE_INFINITY) return
    if (this.#timer === null) {
      this.#turn()
      this.#timer = setInterval(() => this.#turn(), TICK_MS)
    }
    this.#wheel.schedule(row, Math.ceil(delayMs / TICK_MS))
  }

  #turn(): void {
    const tick = Math.floor((nowUs() - this.#startUs) / (TICK_MS * 1000))
    const waiting = this.#wheel.count
    this.#wheel.advance(tick, this.#onDue)
    if (this.#wheel.count < waiting) this.#reopener.goOn()
    if (this.#wheel.count === 0 && waiting > 0) this.#stopTurning()
  }

  #stopTurning(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }
}
