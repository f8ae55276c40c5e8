/**
 * The course of a part of a run, step by step as the head orders it: it says what the step found,
 * and waits for the next. All parts wait here for the slowest of them, with their connections up.
 */
import type { RunReport } from '../../stats/run-report.ts'
import type { RunCourse, RunStep, StepMoments } from '../run-course.ts'
import { evidenceFrom } from './broadcast-evidence.ts'
import type { ResultMessage, SetupMessage } from './control-messages.ts'
import type { HeadLink } from './head-link.ts'

type Found = Omit<ResultMessage, 'type'>

export class HeadCourse implements RunCourse {
  readonly steps: readonly RunStep[]
  readonly #head: HeadLink
  readonly #startedUsOf: (report: RunReport) => number
  #isLast: boolean

  /** @param startedUsOf when a run with this report began, on our monotonic clock */
  constructor(
    head: HeadLink,
    { steps, isLast }: SetupMessage,
    startedUsOf: (report: RunReport) => number,
  ) {
    this.steps = steps
    this.#head = head
    this.#isLast = isLast
    this.#startedUsOf = startedUsOf
  }

  get first(): RunStep {
    return this.steps[0]
  }

  get isLast(): boolean {
    return this.#isLast
  }

  async next(report: RunReport, { atMs, blockedMs }: StepMoments): Promise<RunStep | null> {
    // The picture over time comes once, with the end of the run.
    const found = foundIn(this.#head, { ...report, intervals: [] }, this.#startedUsOf(report))
    const order = await this.#head.endStep({ type: 'step', ...found, atMs, blockedMs })
    this.#isLast = order?.isLast ?? true
    return order?.step ?? null
  }
}

/** What the last step of a part found. */
export function foundIn({ found }: HeadLink, report: RunReport, startedUs: number): Found {
  return {
    report: JSON.stringify(report),
    startedUs,
    refused: found?.results.reduce((sum, { refused }) => sum + refused, 0) ?? 0,
    broadcasts: found === null ? null : evidenceFrom(found),
  }
}
