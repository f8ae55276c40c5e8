/**
 * The steps of a run that somebody steers: those that were planned, before them one with another
 * rate where it was asked for, after them those that were added. A run that nobody steered has the
 * report that it would have had without.
 */
import type { RunStep, StepMoments } from '../../../loadgen/run-course.ts'
import type { RunSteering } from '../../../loadgen/run-steering.ts'
import type { Threshold } from '../../../report/thresholds.ts'
import type { RunReport, StageReport } from '../../../stats/run-report.ts'
import { type OnStage, type RecordedCourse, stageOf } from '../run-stages.ts'

export class SteeredCourse implements RecordedCourse {
  readonly search = null
  readonly steps: readonly RunStep[]
  readonly #later: RunStep[]
  readonly #steering: RunSteering
  readonly #slos: readonly Threshold[]
  readonly #onStage: OnStage
  readonly #ended: StageReport[] = []
  #step: RunStep

  /** @param steps as planned, one at least */
  constructor(
    steps: readonly RunStep[],
    steering: RunSteering,
    slos: readonly Threshold[],
    onStage: OnStage,
  ) {
    this.steps = steps
    this.#step = steps[0]
    this.#later = steps.slice(1)
    this.#steering = steering
    this.#slos = slos
    this.#onStage = onStage
  }

  get first(): RunStep {
    return this.steps[0]
  }

  /** Steps that follow the one that runs, as far as they are known. */
  get later(): readonly RunStep[] {
    this.#takeAdded()
    return this.#later
  }

  get isLast(): boolean {
    return this.later.length === 0 && this.#steering.wantedPerSecond === null
  }

  /** None where the run had the one step that it was planned with. */
  get stages(): readonly StageReport[] {
    return this.steps.length > 1 || this.#ended.length > 1 ? this.#ended : []
  }

  next(report: RunReport, moments: StepMoments): RunStep | null {
    const ran = this.#steering.current ?? this.#step
    // A step that ended in its warm-up has nothing to say.
    if (report.duration_ms > 0) {
      const stage = stageOf(ran, report, moments, this.#slos)
      this.#ended.push(stage)
      this.#onStage(stage)
    }
    if (this.#steering.isStopped) return null
    this.#takeAdded()
    const rate = this.#steering.takeRate()
    const next = rate === null ? this.#later.shift() : { ...ran, messagesPerSecond: rate }
    if (next === undefined) return null
    this.#step = next
    return next
  }

  #takeAdded(): void {
    const added = this.#steering.takeStagesAdded()
    const like = this.#steering.current ?? this.#step
    for (let index = 0; index < added; index++) this.#later.push(like)
  }
}
