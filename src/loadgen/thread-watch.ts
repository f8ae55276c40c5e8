/**
 * What a thread of the generator notices of itself: collections, loop lag and CPU, each for its
 * whole life and apart for the measured time. Connecting a hundred thousand sockets stops any loop
 * for a moment; that is in connect_time already, and must not make a quiet run suspect.
 *
 *   start ── connecting, warm-up ──┬── measured ──┬── drain ── findings
 *                            fromUs┘              └endUs, or endMeasure() before it
 */
import type { TickPhase } from '../stats/aligned-ticker.ts'
import { nowUs } from '../stats/clock.ts'
import { type GcPauses, GcRecorder, type GcSnapshot, snapshotsOf } from '../stats/gc-recorder.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import { LOOP_LAG_TICK_MS, LoopLagRecorder } from '../stats/loop-lag-recorder.ts'
import { readThreadUsage, type ThreadUsage, type UsageShares, usageShares } from './thread-usage.ts'

/** How a thread stands in its measured time, before it is over. */
export interface ThreadSoFar extends UsageShares {
  readonly loopLagUsP99: number | null
  readonly gcCount: number
  readonly gcPauseUsMax: number | null
}

/** Plain bytes and numbers: travels to the coordinator. */
export interface ThreadFindings {
  readonly gc: readonly GcSnapshot[]
  /** The part of it that lies in the measured time; empty where there was none. */
  readonly gcMeasured: readonly GcSnapshot[]
  readonly loopLag: Uint8Array
  readonly loopLagMeasured: Uint8Array
  /** Of the measured time. */
  readonly steadyUsage: UsageShares
}

/** So long after the measured time begins does the last shard begin to watch itself. */
const APART_US_MAX = 1e6
/** Of the measured time, where it is short. */
const APART_SHARE_MAX = 0.02

const UNKNOWN_USAGE: UsageShares = { cpuShare: null, waitShare: null }

export class ThreadWatch {
  readonly #gc = new GcRecorder()
  readonly #loopLag: LoopLagRecorder
  readonly #phase: TickPhase
  readonly #gcOutside: GcPauses[] = []
  readonly #lagOutside: LatencyRecorder[] = []
  #gcMeasured: GcPauses = new Map()
  #lagMeasured = new LatencyRecorder()
  #usage: UsageShares = UNKNOWN_USAGE
  #fromTimer: NodeJS.Timeout | null = null
  #endTimer: NodeJS.Timeout | null = null
  #usageFrom: ThreadUsage | null = null
  /** When the measured time should begin. */
  #dueUs = 0
  #isMeasuring = false
  /** When it did: the order to measure, until the loop comes to see its beginning. */
  #fromUs = 0
  #endUs = 0

  /** `lagTickMs`: how often the loop is looked at. */
  constructor(lagTickMs = LOOP_LAG_TICK_MS, phase: TickPhase = 0) {
    this.#loopLag = new LoopLagRecorder(lagTickMs, phase)
    this.#phase = phase
  }

  /** When the measured time ended; 0 while it has not. */
  get endUs(): number {
    return this.#endUs
  }

  start(): void {
    this.#gc.start()
    this.#loopLag.start()
  }

  /** Times on the monotonic clock; timers of our own mark them. */
  measureBetween(fromUs: number, endUs: number): void {
    this.#dueUs = fromUs
    this.#usageFrom = readThreadUsage()
    this.#fromUs = nowUs()
    // A hundred shards that begin in the same moment would each wait for all others.
    const apartUs = this.#phase * Math.min(APART_US_MAX, (endUs - fromUs) * APART_SHARE_MAX)
    this.#fromTimer = timerAt(fromUs + apartUs, () => this.#beginMeasure())
    this.#endTimer = timerAt(endUs, () => this.endMeasure())
  }

  /** The measured time ends at another time than it was to. */
  extend(endUs: number): void {
    if (this.#endUs !== 0) return
    if (this.#endTimer) clearTimeout(this.#endTimer)
    this.#endTimer = timerAt(endUs, () => this.endMeasure())
  }

  /** null outside the measured time. Costs a scan of two histograms, some 50 µs. */
  soFar(): ThreadSoFar | null {
    if (!this.#isMeasuring) return null
    const { recorder } = this.#loopLag
    const { count, usMax } = this.#gc.standing()
    return {
      ...usageShares(this.#usageFrom, readThreadUsage(), nowUs() - this.#fromUs),
      loopLagUsP99: recorder.count === 0 ? null : recorder.valueAtPercentile(99),
      gcCount: count,
      gcPauseUsMax: count === 0 ? null : usMax,
    }
  }

  /** The drain and the wait for others are idle time: the measured time ends before them. */
  endMeasure(): void {
    if (this.#endUs !== 0) return
    this.#endUs = nowUs()
    this.#isMeasuring = false
    if (this.#fromTimer) clearTimeout(this.#fromTimer)
    if (this.#endTimer) clearTimeout(this.#endTimer)
    // Interrupted before it began: nothing was measured. Where its beginning has passed and the
    // loop was too starved to see it, everything since the order counts.
    if (this.#fromUs === 0 || this.#endUs < this.#dueUs) return
    this.#usage = usageShares(this.#usageFrom, readThreadUsage(), this.#endUs - this.#fromUs)
    this.#gcMeasured = this.#gc.take()
    this.#lagMeasured = this.#loopLag.take()
  }

  /** Ends everything and says what was found. */
  finish(): ThreadFindings {
    this.endMeasure()
    this.#gc.stop()
    this.#loopLag.stop()
    const lag = new LatencyRecorder()
    for (const part of [...this.#lagOutside, this.#lagMeasured, this.#loopLag.recorder]) {
      lag.merge(part)
    }
    const gcMeasured = snapshotsOf(this.#gcMeasured)
    return {
      gc: [...this.#gcOutside.flatMap(snapshotsOf), ...gcMeasured, ...this.#gc.snapshot()],
      gcMeasured,
      loopLag: lag.encode(),
      loopLagMeasured: this.#lagMeasured.encode(),
      steadyUsage: this.#usage,
    }
  }

  #beginMeasure(): void {
    this.#gcOutside.push(this.#gc.take())
    this.#lagOutside.push(this.#loopLag.take())
    this.#usageFrom = readThreadUsage()
    this.#fromUs = nowUs()
    this.#isMeasuring = true
  }
}

function timerAt(us: number, call: () => void): NodeJS.Timeout {
  return setTimeout(call, Math.max(0, (us - nowUs()) / 1000))
}
