/** Runs of several steps: by --stages and --rate-stages as given, by --find as the search goes. */
import { formatCount, formatRate } from '../../config/quantities.ts'
import type { RunCourse, RunStep, StepMoments } from '../../loadgen/run-course.ts'
import type { BenchSettings } from '../../loadgen/workload.ts'
import { evaluateThresholds, type Threshold } from '../../report/thresholds.ts'
import type { RunReport, SearchReport, StageReport } from '../../stats/run-report.ts'
import { CapacitySearch, type TrialOutcome } from './capacity-search.ts'
import type { MergedHold } from './load-stages.ts'

/** A course that keeps what each step found. */
export interface RecordedCourse extends RunCourse {
  readonly stages: readonly StageReport[]
  /** null: nothing was searched for. */
  readonly search: SearchReport | null
  /** Of a search, whose generator is not what it was any more; missing: there is none. */
  giveUp?(): void
}

/** Called with each step as it ends. */
export type OnStage = (stage: StageReport) => void

/** A trial needs this to have percentiles, and need not be as long as the run. */
const TRIAL_MS_MIN = 2_000
const TRIAL_SHARE = 1 / 4
/** Where a search for connections starts, of -c: four doublings below it. */
const START_SHARE = 1 / 16
/** A stream waits for a moment now and then; what waits this long is the target's to answer for. */
const BLOCKED_SHARE_MAX = 0.1
/** Doublings, bisections down to 3 %, and what is tried again. */
const TRIALS_EXPECTED = 12
const RATE_MIN = 0.1
const RATE_MAX = 1e9

export class StagedCourse implements RecordedCourse {
  readonly stages: StageReport[] = []
  readonly search = null
  readonly #steps: readonly RunStep[]
  readonly #slos: readonly Threshold[]
  readonly #onStage: OnStage

  constructor(steps: readonly RunStep[], slos: readonly Threshold[], onStage: OnStage) {
    this.#steps = steps
    this.#slos = slos
    this.#onStage = onStage
  }

  get first(): RunStep {
    return this.#steps[0]
  }

  get steps(): readonly RunStep[] {
    return this.#steps
  }

  get isLast(): boolean {
    return this.stages.length + 1 >= this.#steps.length
  }

  next(report: RunReport, moments: StepMoments): RunStep | null {
    const stage = stageOf(this.#steps[this.stages.length], report, moments, this.#slos)
    this.stages.push(stage)
    this.#onStage(stage)
    return this.#steps[this.stages.length] ?? null
  }
}

export class SearchCourse implements RecordedCourse {
  readonly stages: StageReport[] = []
  readonly #of: 'connections' | 'rate'
  readonly #settings: BenchSettings
  readonly #rateAt: (connections: number) => number
  readonly #slos: readonly Threshold[]
  readonly #onStage: OnStage
  readonly #found: CapacitySearch
  #step: RunStep

  /** @param rateAt messages per second in total at so many connections */
  constructor(
    of: 'connections' | 'rate',
    settings: BenchSettings,
    rateAt: (connections: number) => number,
    slos: readonly Threshold[],
    onStage: OnStage,
  ) {
    this.#of = of
    this.#settings = settings
    this.#rateAt = rateAt
    this.#slos = slos
    this.#onStage = onStage
    const { connections, messagesPerSecond } = settings
    const bounds =
      of === 'connections'
        ? { start: Math.max(1, connections * START_SHARE), min: 1, max: connections, isWhole: true }
        : { start: messagesPerSecond, min: RATE_MIN, max: RATE_MAX, isWhole: false }
    this.#found = new CapacitySearch(bounds)
    this.#step = this.#stepNow() as RunStep
  }

  get first(): RunStep {
    return this.#step
  }

  /** As many as a search takes that begins four doublings below its answer. */
  get steps(): readonly RunStep[] {
    const { connections, durationMs } = this.#settings
    const trials = Array.from({ length: TRIALS_EXPECTED }, (_, trial) => ({
      ...this.#step,
      connections: Math.min(connections, this.#step.connections * 2 ** trial),
    }))
    return [...trials, { ...this.#step, connections, durationMs }]
  }

  get search(): SearchReport {
    const { passed, failed, limit, isConfirmed } = this.#found.answer
    return { of: this.#of, passed, failed, limit, confirmed: isConfirmed }
  }

  giveUp(): void {
    this.#found.giveUp()
  }

  next(report: RunReport, moments: StepMoments): RunStep | null {
    const found = stageOf(this.#step, report, moments, this.#slos)
    const stage = { ...found, outcome: outcomeOf(found) }
    this.stages.push(stage)
    this.#onStage(stage)
    this.#found.record(stage.outcome)
    const next = this.#stepNow()
    if (next !== null) this.#step = next
    return next
  }

  #stepNow(): RunStep | null {
    const { trial } = this.#found
    if (trial === null) return null
    const { warmupMs, durationMs, connections } = this.#settings
    const trialMs = Math.min(durationMs, Math.max(TRIAL_MS_MIN, durationMs * TRIAL_SHARE))
    const times = { warmupMs, durationMs: trial.isConfirmation ? durationMs : trialMs }
    if (this.#of === 'rate') return { ...times, connections, messagesPerSecond: trial.value }
    return { ...times, connections: trial.value, messagesPerSecond: this.#rateAt(trial.value) }
  }
}

/**
 * A run that is not the load that was asked for says nothing about the target, unless it was the
 * target that did not take it.
 */
export function outcomeOf(stage: StageReport): TrialOutcome {
  const { verdict, thresholds, connections, connections_wanted, duration_ms } = stage
  const isBlocked = (stage.blocked_ms ?? 0) > duration_ms * BLOCKED_SHARE_MAX
  if (verdict.value === 'INVALID') return isBlocked ? 'failed' : 'generator'
  const isUp = connections.alive_at_end >= connections_wanted
  return isUp && thresholds.every(({ held }) => held) ? 'passed' : 'failed'
}

export function stageOf(
  step: RunStep,
  report: RunReport,
  { atMs, blockedMs }: StepMoments,
  slos: readonly Threshold[],
): StageReport {
  const { verdict, connections, messages, metrics, duration_ms } = report
  return {
    at_ms: Math.round(atMs),
    duration_ms,
    connections_wanted: step.connections,
    rate_wanted: step.messagesPerSecond,
    ...(blockedMs < 1 ? {} : { blocked_ms: Math.round(blockedMs) }),
    verdict,
    connections,
    messages,
    metrics,
    thresholds: evaluateThresholds(slos, report),
  }
}

/** The steps of merged holds; what is not staged is as the settings say. */
export function stepsOf(
  holds: readonly MergedHold[],
  settings: BenchSettings,
  rateAt: (connections: number) => number,
): RunStep[] {
  return holds.map((hold) => {
    const connections = hold.connections ?? settings.connections
    return {
      connections,
      messagesPerSecond: hold.messagesPerSecond ?? rateAt(connections),
      warmupMs: settings.warmupMs,
      durationMs: hold.durationMs,
    }
  })
}

/** One line for stderr, as each step ends. */
export function stageNote(stage: StageReport): string {
  const { connections_wanted, rate_wanted, outcome, verdict } = stage
  const what = `${formatCount(connections_wanted)} connections, ${formatRate(rate_wanted)}`
  return `${what}: ${outcome ?? verdict.value}`
}
