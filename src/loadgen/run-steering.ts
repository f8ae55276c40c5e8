/**
 * A hand on a running bench: somebody holds the step that runs, asks for another rate or ends the
 * run, and the run looks here for what was asked. Changes of the rate are gathered for a moment, so
 * that a key that is pressed five times begins one step and not five. What was done is kept with
 * its time: the report of a steered run must not pass for that of one that went by itself.
 */
import { nowUs } from '../stats/clock.ts'
import type { SteeringReport } from '../stats/run-report.ts'
import type { RunStep } from './run-course.ts'

/** Of a hand, what the run looks at; it may be on another host. */
export type StepHand = Pick<
  RunSteering,
  'isHeld' | 'isStopped' | 'mustEndStep' | 'begin' | 'stepFor'
>

/** After the last change of the rate, before a step begins with it. */
const RATE_SETTLES_MS = 1_000

export class RunSteering {
  readonly done: SteeringReport[] = []
  #onChange: () => void = () => {}
  #startUs = nowUs()
  #isHeld = false
  #isStopped = false
  #wantedPerSecond: number | null = null
  #isSettled = false
  #settling: NodeJS.Timeout | null = null
  #stagesAdded = 0
  #current: RunStep | null = null

  /** The end of the step waits for release(). */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** The step that runs is to be the last, and to end now. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Messages per second in total of a step that is still to begin; null: none was asked for. */
  get wantedPerSecond(): number | null {
    return this.#wantedPerSecond
  }

  /** The step that runs is to end now. */
  get mustEndStep(): boolean {
    return this.#isStopped || this.#isSettled
  }

  /** The step that runs, or ran last; null: none has begun. */
  get current(): RunStep | null {
    return this.#current
  }

  hold(): void {
    if (this.#isHeld) return
    this.#isHeld = true
    this.#note({ what: 'hold' })
  }

  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#note({ what: 'release' })
  }

  /** A step with this rate, once no other is asked for. */
  askRate(messagesPerSecond: number): void {
    this.#wantedPerSecond = messagesPerSecond
    if (this.#settling) clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      this.#isSettled = true
      this.#onChange()
    }, RATE_SETTLES_MS)
  }

  /** One more step like the one that runs, at the end. */
  addStage(): void {
    this.#stagesAdded += 1
    this.#note({ what: 'stage' })
  }

  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#note({ what: 'stop' })
  }

  /** Of the run: times count from its start, and `onChange` is called when there is news. */
  begin(startUs: number, onChange: () => void): void {
    this.#startUs = startUs
    this.#onChange = onChange
  }

  /** Of the run, as a step begins: the step, with the rate that was asked for meanwhile. */
  stepFor(step: RunStep): RunStep {
    this.#current = step
    const rate = this.takeRate()
    if (rate !== null) this.#current = { ...step, messagesPerSecond: rate }
    return this.#current
  }

  /** What was asked for, which then is done; null: nothing was. */
  takeRate(): number | null {
    const rate = this.#wantedPerSecond
    this.#wantedPerSecond = null
    this.#isSettled = false
    if (this.#settling) clearTimeout(this.#settling)
    if (rate !== null) this.#note({ what: 'rate', rate_wanted: rate })
    return rate
  }

  /** How many steps were added since the last call. */
  takeStagesAdded(): number {
    const added = this.#stagesAdded
    this.#stagesAdded = 0
    return added
  }

  /** No timer keeps the process from ending. */
  close(): void {
    if (this.#settling) clearTimeout(this.#settling)
    this.#onChange = () => {}
  }

  #note(what: Omit<SteeringReport, 'at_ms'>): void {
    this.done.push({ at_ms: Math.max(0, Math.round((nowUs() - this.#startUs) / 1000)), ...what })
    this.#onChange()
  }
}
