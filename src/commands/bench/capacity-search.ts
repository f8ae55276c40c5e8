/**
 * Where a load stops being held, found in as few trials as it takes: doubled until one fails (or
 * halved until one passes), then bisected by ratio, then the best one tried once more for longer.
 * Knows loads and outcomes only. A trial in which the generator was the limit bounds the search
 * like a failure, but is not counted as the target's; it is repeated once, because a busy second of
 * this host is no limit.
 *
 *   100 ✓   200 ✓   400 ✓   800 ✗   566 ✗   476 ✓   519 ✗   …   confirm 490 ✓
 *
 * Where the best does not hold for longer, the search steps back until one does, and then up again
 * between the two, each for as long.
 */

export type TrialOutcome = 'passed' | 'failed' | 'generator'

export interface Trial {
  readonly value: number
  /** For as long as the answer shall be good for. */
  readonly isConfirmation: boolean
}

export interface SearchBounds {
  readonly start: number
  readonly min: number
  readonly max: number
  /** Only whole numbers mean something: connections. */
  readonly isWhole: boolean
}

export interface SearchAnswer {
  /** The last load that passed; null: none did. */
  readonly passed: number | null
  /** The lowest that did not; null: none was found up to the bound. */
  readonly failed: number | null
  /** What the limit is: the target, the generator before it, or the bound of the search. */
  readonly limit: 'target' | 'generator' | 'bound'
  readonly isConfirmed: boolean
}

/** Between the load that passes and the one that fails. */
const RATIO_DONE = 1.03
/** A load that did not hold for longer is lowered, further each time: a low answer beats none. */
const STEPS_BACK = [0.95, 0.9, 0.8, 0.5]
/** Each takes as long as the run. */
const STEPS_UP_MAX = 3

export class CapacitySearch {
  readonly #bounds: SearchBounds
  #passed: number | null = null
  #failed: number | null = null
  #failedBy: 'target' | 'generator' = 'target'
  #trial: Trial | null
  #isRepeated = false
  #confirmations = 0
  #stepsUp = 0
  /** What held for longer. */
  #confirmed: number | null = null
  #isGivenUp = false

  constructor(bounds: SearchBounds) {
    this.#bounds = bounds
    this.#trial = { value: this.#fit(bounds.start), isConfirmation: false }
  }

  /** What to try; null: the answer is there. */
  get trial(): Trial | null {
    return this.#trial
  }

  get answer(): SearchAnswer {
    return {
      passed: this.#passed,
      failed: this.#failed,
      limit: this.#isGivenUp ? 'generator' : this.#failed === null ? 'bound' : this.#failedBy,
      isConfirmed: this.#confirmed !== null && this.#confirmed === this.#passed,
    }
  }

  /** The generator is not what it was: what passed until now is all there is. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#trial = null
  }

  /** Of the trial that was asked for. */
  record(outcome: TrialOutcome): void {
    const { value, isConfirmation } = this.#trial as Trial
    if (outcome === 'generator' && !this.#isRepeated) {
      this.#isRepeated = true
      return
    }
    this.#isRepeated = false
    if (outcome === 'passed') {
      this.#passed = value
      if (isConfirmation) this.#confirmed = value
    } else {
      this.#failed = value
      this.#failedBy = outcome === 'failed' ? 'target' : 'generator'
      // What passed for a short time and not for long has not passed.
      if (isConfirmation) this.#passed = this.#confirmed
    }
    this.#trial = isConfirmation ? this.#afterConfirmation(value) : this.#probe()
  }

  #afterConfirmation(value: number): Trial | null {
    if (this.#confirmed !== null) return this.#stepUp(this.#confirmed)
    const stepBack = STEPS_BACK[this.#confirmations - 1]
    if (stepBack === undefined) return null
    const lower = this.#fit(value * stepBack)
    return lower < value ? this.#confirm(lower) : null
  }

  /** Between what held for longer and what did not. */
  #stepUp(confirmed: number): Trial | null {
    const failed = this.#failed
    if (failed === null || failed / confirmed <= RATIO_DONE) return null
    const between = this.#fit(Math.sqrt(confirmed * failed))
    if (this.#stepsUp === STEPS_UP_MAX || between <= confirmed || between >= failed) return null
    this.#stepsUp += 1
    return this.#confirm(between)
  }

  #probe(): Trial | null {
    const { min, max } = this.#bounds
    const [passed, failed] = [this.#passed, this.#failed]
    if (passed === null) {
      const lower = this.#fit((failed as number) / 2)
      return lower < (failed as number) && lower >= min ? probeOf(lower) : null
    }
    if (failed === null) return passed < max ? probeOf(this.#fit(passed * 2)) : this.#confirm(max)
    const { isWhole } = this.#bounds
    const between = Math.max(this.#fit(Math.sqrt(passed * failed)), isWhole ? passed + 1 : 0)
    const isNarrow = failed / passed <= RATIO_DONE || between <= passed || between >= failed
    return isNarrow ? this.#confirm(passed) : probeOf(between)
  }

  #confirm(value: number): Trial {
    this.#confirmations += 1
    return { value, isConfirmation: true }
  }

  #fit(value: number): number {
    const { min, max, isWhole } = this.#bounds
    const fitted = Math.min(max, Math.max(min, value))
    // Rates to four digits: nobody plans by more, and they are read in a table.
    return isWhole ? Math.floor(fitted) : Number(fitted.toPrecision(4))
  }
}

function probeOf(value: number): Trial {
  return { value, isConfirmation: false }
}
