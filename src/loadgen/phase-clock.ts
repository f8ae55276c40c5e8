/** Which phase a run is in, since when, and how long it is to take. */
import { nowUs } from '../stats/clock.ts'
import type { RunPhase, RunProgress } from '../stats/run-progress.ts'

export class PhaseClock {
  #phase: RunPhase = 'start'
  #startUs = nowUs()
  #totalMs: number | null = null

  get phase(): RunPhase {
    return this.#phase
  }

  /** @param totalMs null: nobody knows */
  enter(phase: RunPhase, totalMs: number | null): void {
    this.#phase = phase
    this.#startUs = nowUs()
    this.#totalMs = totalMs
  }

  /** @param measuredMs of the steady state, whose end may move; undefined: there is none */
  read(
    measuredMs: number | null | undefined,
  ): Pick<RunProgress, 'phase' | 'elapsedMs' | 'totalMs'> {
    const moved = this.#phase === 'steady' && measuredMs !== undefined
    const elapsedMs = (nowUs() - this.#startUs) / 1000
    return { phase: this.#phase, elapsedMs, totalMs: moved ? measuredMs : this.#totalMs }
  }
}
