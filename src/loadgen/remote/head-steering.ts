/**
 * The hand of the head on a part of its run: holds, ends and changes the step that runs at the
 * head's word. Words that come between two steps count for the next, except the end of a step,
 * which is no end of the one after it.
 */
import type { RunStep } from '../run-course.ts'
import type { StepHand } from '../run-steering.ts'
import type { STEERING } from './course-messages.ts'

export type SteeringWord = (typeof STEERING)[number]

export class HeadSteering implements StepHand {
  #isHeld = false
  #isStopped = false
  #mustEnd = false
  #messagesPerSecond: number | null = null
  #onChange: () => void = () => {}

  get isHeld(): boolean {
    return this.#isHeld
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  get mustEndStep(): boolean {
    return this.#isStopped || this.#mustEnd
  }

  obey(word: SteeringWord): void {
    if (word === 'hold' || word === 'release') this.#isHeld = word === 'hold'
    else if (word === 'stop') this.#isStopped = true
    else this.#mustEnd = true
    this.#onChange()
  }

  /** Of the step that is about to begin; null: as it was ordered. */
  setRate(messagesPerSecond: number | null): void {
    this.#messagesPerSecond = messagesPerSecond
  }

  begin(_startUs: number, onChange: () => void): void {
    this.#onChange = onChange
  }

  stepFor(step: RunStep): RunStep {
    this.#mustEnd = false
    const rate = this.#messagesPerSecond
    return rate === null ? step : { ...step, messagesPerSecond: rate }
  }
}
