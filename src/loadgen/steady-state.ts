/**
 * The time in which a step holds its load. Its end is not fixed: held, it moves out of sight, and
 * comes back as far away as it was; a change of the rate, or a stop, ends it at once. All threads
 * hear of a new end before the old one comes.
 *
 *   startUs ── warm-up ── measureFromUs ── measured ── endUs
 *                                            └ held ┄┄┄┄┄┄┄┄┄┄ released ── endUs
 */
import { nowUs } from '../stats/clock.ts'
import type { StepHand } from './run-steering.ts'
import type { ShardGroup } from './shard-group.ts'
import type { SteadyStage } from './shard-messages.ts'

/** Nobody holds for longer, and timers of the event loop end at 24 days. */
const HOLD_US_MAX = 7 * 24 * 3_600 * 1e6
/**
 * With less than this left, some threads may have come to the end before they hear of a new one.
 */
const HOLD_LEAD_US = 500_000

export interface SteadyParts {
  readonly shards: Pick<ShardGroup, 'tell' | 'waitUntil' | 'wake'>
  readonly publisher: { extend(endUs: number): void } | null
  readonly signal: AbortSignal
  readonly steering: StepHand | undefined
  /** Whatever else ends the step. */
  isOver(): boolean
}

export class SteadyState {
  readonly #parts: SteadyParts
  #stage: SteadyStage
  /** Time to the end when it was held; null: it is not held. */
  #leftUs: number | null = null
  #isEnded = false

  constructor(parts: SteadyParts, stage: SteadyStage) {
    this.#parts = parts
    this.#stage = stage
  }

  get stage(): SteadyStage {
    return this.#stage
  }

  get isOver(): boolean {
    return this.#isEnded || this.#parts.signal.aborted || this.#parts.isOver()
  }

  /** The measured time as it is planned now; null while it is held. */
  get measuredMs(): number | null {
    const { measureFromUs, endUs } = this.#stage
    return this.#leftUs === null ? (endUs - measureFromUs) / 1000 : null
  }

  /** Looks again at what was asked for. */
  steer(): void {
    const { steering, shards } = this.#parts
    if (steering === undefined) return
    if (steering.mustEndStep) this.#isEnded = true
    else if (steering.isHeld && this.#leftUs === null) this.#hold()
    else if (!steering.isHeld && this.#leftUs !== null) this.#release(this.#leftUs)
    shards.wake()
  }

  /** Waits until a time of the stage has come, wherever it moves, or the step is over. */
  async reach(time: 'measureFromUs' | 'endUs'): Promise<void> {
    const { shards, signal } = this.#parts
    for (;;) {
      const atUs = this.#stage[time]
      const leftMs = (atUs - nowUs()) / 1000
      if (this.isOver || leftMs <= 0) return
      const isNews = (): boolean => this.isOver || this.#stage[time] !== atUs
      await shards.waitUntil(isNews, leftMs, signal)
    }
  }

  #hold(): void {
    const leftUs = this.#stage.endUs - nowUs()
    if (leftUs < HOLD_LEAD_US) return
    this.#leftUs = leftUs
    this.#extend(nowUs() + HOLD_US_MAX)
  }

  #release(leftUs: number): void {
    this.#leftUs = null
    this.#extend(nowUs() + leftUs)
  }

  #extend(endUs: number): void {
    const { shards, publisher } = this.#parts
    this.#stage = { ...this.#stage, endUs }
    shards.tell({ kind: 'extend', endUs })
    publisher?.extend(endUs)
  }
}
