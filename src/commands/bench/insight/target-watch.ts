/**
 * Looks at the target's process while a run goes on, closely on a ramp and once a second
 * afterwards, and joins what it saw to the report. It looks for a moment before the first
 * connection too: what a target takes at rest is no price of a message. A look that takes long is
 * followed by a longer pause, because it takes CPU from what is measured.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { TargetWatch, WatchedRun } from '../../../loadgen/run-hooks.ts'
import type { RunReport } from '../../../stats/run-report.ts'
import type { EstimateReport } from '../../../stats/target-report.ts'
import { bytesPerHour } from './process-costs.ts'
import { WatchedSource } from './watched-source.ts'
import { WatchPoints } from './watch-points.ts'

export interface TargetWishes {
  readonly pid: number | undefined
  readonly metrics: string | undefined
}

const RAMP_PERIOD_MS = 250
const STEADY_PERIOD_MS = 1_000
const PAUSE_MS_MAX = 10_000
const REST_MS = 750
/** Fresh counts of the generator need a moment to come. */
const ANSWER_MS = 20

export class TargetInsight implements TargetWatch {
  readonly #wishes: TargetWishes
  readonly #end = new AbortController()
  /** The generator's own memory, also where the target cannot be looked at. */
  readonly #generator = new WatchPoints()
  #sources: readonly WatchedSource[] = []
  #run: WatchedRun | null = null
  #watching: Promise<unknown> = Promise.resolve()

  constructor(wishes: TargetWishes) {
    this.#wishes = wishes
  }

  async start(run: WatchedRun): Promise<void> {
    this.#run = run
    this.#sources = sourcesOf(this.#wishes, run)
    const watches = this.#sources.map((source) => this.#watch(run, source))
    this.#watching = Promise.all([this.#watchHere(run), ...watches])
    if (this.#sources.length > 0) await this.#pause(REST_MS)
  }

  async stop(): Promise<void> {
    this.#end.abort()
    await this.#watching
    const run = this.#run
    if (run === null) return
    this.#lookHere(run)
    await Promise.all(this.#sources.map((source) => this.#look(run, source)))
  }

  /** The report with what was seen; what the target itself said of its pauses stands. */
  joined(report: RunReport): RunReport {
    const sources = this.#sources.map((source) => source.report())
    const pauses = this.#sources.map((source) => source.pauses()).find((side) => side !== null)
    const { gc, memory } = report
    const generatorGrowth = bytesPerHour(this.#generator.points, (point) => point.generatorBytes)
    const targetGrowth = sources
      .map((source) => source.bytes_per_hour)
      .find((each) => each !== null)
    const slope = sources.map((source) => source.bytes_per_connection).find((each) => each !== null)
    const points = this.#sources[0]?.points.points ?? []
    return {
      ...report,
      gc: gc.target.known || pauses == null ? gc : { ...gc, target: pauses },
      memory: {
        ...memory,
        target_bytes_per_connection: memory.target_bytes_per_connection ?? positive(slope ?? null),
        ...((memory.target_points ?? []).length > 0 ? {} : { target_points: rampOf(points) }),
        ...(generatorGrowth === null ? {} : { generator_bytes_per_hour: generatorGrowth }),
        ...(targetGrowth == null ? {} : { target_bytes_per_hour: targetGrowth }),
      },
      ...(sources.length === 0 ? {} : { target: { sources } }),
    }
  }

  /** Each source by itself: a page that is slow must not keep us from looking at a process. */
  async #watch(run: WatchedRun, source: WatchedSource): Promise<void> {
    while (!this.#end.signal.aborted) {
      const tookMs = await this.#look(run, source)
      const { phase } = run.moment()
      const isRamp = phase === 'start' || phase === 'connect'
      const periodMs = isRamp ? RAMP_PERIOD_MS : STEADY_PERIOD_MS
      const restMs = Math.min(PAUSE_MS_MAX, tookMs * source.pauseLooks)
      await this.#pause(Math.max(periodMs - tookMs - ANSWER_MS, restMs))
    }
  }

  async #watchHere(run: WatchedRun): Promise<void> {
    while (!this.#end.signal.aborted) {
      this.#lookHere(run)
      await this.#pause(STEADY_PERIOD_MS)
    }
  }

  /** How long it took, in milliseconds. */
  async #look(run: WatchedRun, source: WatchedSource): Promise<number> {
    run.ask()
    await pause(ANSWER_MS)
    const fromMs = performance.now()
    await source.look(run.moment(), run.generatorBytes())
    return performance.now() - fromMs
  }

  #lookHere(run: WatchedRun): void {
    const generatorBytes = run.generatorBytes()
    this.#generator.add({ ...run.moment(), bytes: null, cpuUs: null, generatorBytes })
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#end
    return pause(Math.max(1, ms), undefined, { signal }).catch(() => {})
  }
}

/** A node of our own is looked at unasked. */
function sourcesOf({ pid, metrics }: TargetWishes, run: WatchedRun): WatchedSource[] {
  const ofProcess =
    pid !== undefined
      ? WatchedSource.ofProcess(() => pid)
      : run.ownPid() === null
        ? null
        : WatchedSource.ofProcess(() => run.ownPid())
  return [
    ...(ofProcess === null ? [] : [ofProcess]),
    ...(metrics === undefined ? [] : [WatchedSource.ofMetrics(metrics)]),
  ]
}

/** A slope that is not told apart from nothing says that something else moved. */
function positive(slope: EstimateReport | null): number | null {
  return slope !== null && slope.value > slope.error ? slope.value : null
}

function rampOf(points: readonly { connections: number; bytes: number | null; phase: string }[]) {
  return points
    .filter(({ phase, bytes }) => bytes !== null && (phase === 'start' || phase === 'connect'))
    .map(({ connections, bytes }) => [connections, bytes as number] as const)
}
