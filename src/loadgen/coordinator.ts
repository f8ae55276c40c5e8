/**
 * One bench run from start to report. The coordinator touches no message: it starts shards and
 * publisher, says when, waits (never without a limit), and merges what they found.
 *
 *   own node? ─► shards ready ─► connect ─► barrier ─► steady (warm-up, measured)
 *                                  ▲          ─► drain ─► finish ─► report
 *                                  └─ next step of a course ─┘
 *
 * An interruption jumps to "drain" from wherever the run is, before the first connect straight to
 * the report; whatever happens, nothing that was started is left behind.
 */
import { nowUs } from '../stats/clock.ts'
import { type HostSample, readHostSample } from '../stats/host-counters.ts'
import { HostPeaks } from '../stats/host-peaks.ts'
import type { RunStanding } from '../stats/run-progress.ts'
import type { HostFindingsReport, RunReport } from '../stats/run-report.ts'
import {
  type BenchSetup,
  newRunId,
  onOwnNode,
  ownNodeOf,
  prepareBench,
  publisherSetup,
  setupFor,
  shardSetups,
} from './bench-setup.ts'
import { type BadClientFindings, BadClientGroup } from './bad-clients/bad-client-group.ts'
import { connectInLanes } from './connect-lanes.ts'
import { IntervalLog, ratesOf } from './interval-log.ts'
import { MemorySampler } from './memory-sampler.ts'
import { NodeApi } from './node-api.ts'
import { OwnNode } from './own-node.ts'
import { buildReport } from './report-builder.ts'
import { describeEnvironment } from './run-environment.ts'
import { PhaseClock } from './phase-clock.ts'
import { onlyStepOf, planOfStep, type RunStep } from './run-course.ts'
import { drain } from './run-drain.ts'
import { closeShards, collectResults } from './run-ending.ts'
import { plannedMsOf, runHeader } from './run-header.ts'
import type { BenchHooks, RunMoment, WatchedRun } from './run-hooks.ts'
import { runLimits, runPeriods } from './run-limits.ts'
import { RunStandings } from './run-standing.ts'
import { openPublisher, type RunPublisher } from './run-publisher.ts'
import { RunTotals } from './run-totals.ts'
import { ShardGroup } from './shard-group.ts'
import type { SteadyStage } from './shard-messages.ts'
import { steadyStageOf } from './steady-stage.ts'
import { SteadyState } from './steady-state.ts'
import { connectFailure } from './target-failure.ts'
import { blameTarget } from './target-probe.ts'
import { type TargetFindings, TargetLook } from './target-look.ts'
import { isLoopback } from './target/target-address.ts'
import { type BenchSettings, hasTurnover, needsPublisher } from './workload.ts'

/**
 * @throws PushctlError for what the host or the target does not allow; a report for everything that
 * ran.
 */
export async function runBench(settings: BenchSettings, hooks: BenchHooks): Promise<RunReport> {
  // What cannot work is refused before a node is started for it.
  const { plan } = await prepareBench(settings)
  hooks.onPlan?.(plan)
  const startedAtMs = Date.now()
  const node =
    settings.targets.length > 0
      ? null
      : await OwnNode.start(ownNodeOf(settings, plan), hooks.signal)
  try {
    const driven = node === null ? settings : onOwnNode(settings, node)
    const setup = setupFor(await prepareBench(driven), hooks.course)
    return await new BenchRun(driven, setup, hooks, startedAtMs, node).run()
  } finally {
    await node?.stop()
  }
}

class BenchRun {
  readonly #settings: BenchSettings
  readonly #setup: BenchSetup
  readonly #hooks: BenchHooks
  readonly #startedAtMs: number
  readonly #node: OwnNode | null
  readonly #runId: number
  readonly #target: TargetLook
  readonly #shards: ShardGroup
  #step: RunStep
  /** Before the connects of the step. */
  #hostBefore = readHostSample()
  #hostMeasured: HostSample | null = null
  readonly #limits: ReturnType<typeof runLimits>
  readonly #periods: ReturnType<typeof runPeriods>
  readonly #memory: MemorySampler
  readonly #startUs = nowUs()
  readonly #intervals: IntervalLog
  #publisher: RunPublisher | null = null
  #hasConnected = false
  /** Why the node of our own did not come back from a storm. */
  #nodeError: Error | null = null
  readonly #totals: RunTotals
  readonly #hostPeaks = new HostPeaks()
  #hosts: readonly HostFindingsReport[] = []
  #badClients: BadClientGroup | null = null
  #badClientFindings: BadClientFindings | null = null
  readonly #phases = new PhaseClock()
  #connectUs = 0
  #connected = 0
  #stage: SteadyStage | null = null
  #steady: SteadyState | null = null
  readonly #standings = new RunStandings()
  #endUs = 0

  constructor(
    settings: BenchSettings,
    setup: BenchSetup,
    hooks: BenchHooks,
    startedAtMs: number,
    node: OwnNode | null,
  ) {
    this.#settings = settings
    this.#setup = setup
    this.#hooks = hooks
    this.#startedAtMs = startedAtMs
    this.#node = node
    this.#step = hooks.course?.first ?? onlyStepOf(settings)
    this.#runId = settings.part?.runId ?? newRunId()
    hooks.gate?.onClock((clock) => this.#shards.tell({ kind: 'clock', clock }))
    const { publishUrl, adminToken } = settings
    this.#target = new TargetLook(publishUrl === null ? null : new NodeApi(publishUrl, adminToken))
    const { kind, connections } = setup.plan.shards
    // Interrupted while its node was starting: there is nothing to drive any more.
    const setups = this.#isInterrupted ? [] : shardSetups(settings, setup, this.#runId)
    this.#shards = new ShardGroup(kind, setups, connections)
    this.#totals = new RunTotals(this.#shards, () => this.#publisher)
    this.#memory = new MemorySampler(this.#shards, kind, () => this.#target.ask())
    this.#limits = runLimits(settings.connections, connections.length, settings.qos)
    this.#periods = runPeriods(connections.length)
    const { record } = hooks
    this.#intervals = new IntervalLog({
      startUs: this.#startUs,
      host: this.#hostBefore,
      plannedMs: plannedMsOf(settings, hooks.course?.steps),
      record,
    })
    record?.begin(runHeader(setup.plan, startedAtMs, node !== null))
    hooks.steering?.begin(this.#startUs, () => this.#steady?.steer())
  }

  async run(): Promise<RunReport> {
    this.#hostPeaks.add(this.#hostBefore, this.#startUs / 1000)
    const ticker = setInterval(() => this.#tick(), this.#periods.intervalMs)
    try {
      const looked = this.#hooks.hosts?.start(this.#setup.plan)
      const rested = this.#hooks.target?.start(this.#watched())
      if (!this.#isInterrupted) await this.#start()
      await Promise.all([looked, rested])
      do {
        if (!this.#isInterrupted) await this.#connect()
        if (!this.#isInterrupted) await this.#holdSteady()
        await this.#drain()
      } while (await this.#takeNextStep())
      await this.#hooks.target?.stop()
      this.#badClientFindings = (await this.#badClients?.finish()) ?? null
      const target = await this.#target.finish(this.#startUs)
      const hostAfter = readHostSample()
      this.#hostPeaks.add(hostAfter, nowUs() / 1000)
      this.#hosts = (await this.#hooks.hosts?.finish()) ?? []
      if (this.#hasConnected) {
        await collectResults(this.#shards, this.#limits)
        this.#tellResults()
        await closeShards(this.#shards, this.#limits, this.#setup.plan.shards.lanes)
      }
      return this.#report(hostAfter, target)
    } finally {
      clearInterval(ticker)
      const parts = [this.#shards, this.#publisher, this.#badClients]
      await Promise.all(parts.map((part) => part?.kill()))
    }
  }

  get #isInterrupted(): boolean {
    return this.#hooks.signal.aborted
  }

  async #start(): Promise<void> {
    const { part } = this.#settings
    const setup = publisherSetup(this.#settings, this.#setup, this.#runId, this.#limits)
    // Fails here, with a clear error, where pushes could not be injected later.
    if (needsPublisher(this.#settings.mode)) {
      await this.#target.api?.describe().catch((error) => blameTarget(error, this.#setup.targets))
    }
    const [shard] = shardSetups(this.#settings, this.#setup, this.#runId)
    this.#badClients = BadClientGroup.of(this.#setup.plan, shard, this.#target.api)
    if (setup !== null) {
      this.#publisher = openPublisher(setup, part, this.#hooks.gate, () => this.#shards.wake())
    }
    const isReady = (): boolean =>
      this.#shards.states.every((state) => state.isReady) && this.#publisher?.isSettled !== false
    if (!(await this.#shards.waitUntil(isReady, this.#limits.readyMs, this.#hooks.signal))) {
      if (!this.#isInterrupted) throw new Error('generator shards were not ready in time')
    }
    if (this.#publisher?.error) throw this.#publisher.error
  }

  async #connect(): Promise<void> {
    const { connectsPerSecond } = this.#settings
    const { connections } = this.#step
    const before = this.#shards.alive
    const opened = Math.max(0, connections - before)
    this.#phases.enter('connect', (opened / connectsPerSecond) * 1000)
    const startUs = (await this.#hooks.gate?.atConnect()) ?? nowUs()
    if (this.#isInterrupted) return
    // One that is up already does not wait for its lane.
    const lanes = this.#hasConnected ? this.#shards.states.length : this.#setup.plan.shards.lanes
    this.#hasConnected = true
    // The slope of a ramp; one down says nothing of what a connection takes.
    if (opened > 0) this.#memory.start(this.#periods.memoryMs)
    const extraMs = this.#limits.connectExtraMs
    const order = { startUs, connectsPerSecond, connections, lanes, extraMs }
    await connectInLanes(this.#shards, order, this.#hooks.signal)
    this.#memory.stop()
    this.#connectUs = nowUs() - startUs
    const established = this.#shards.sum((progress) => progress.established)
    this.#connected = Math.max(0, established - before)
    // One part of several may have no share of a small step.
    if (established > 0 || connections === 0 || this.#isInterrupted) return
    throw connectFailure(this.#shards, this.#setup.targets)
  }

  async #holdSteady(): Promise<void> {
    this.#target.onConnected()
    const { steadyLeadUs } = this.#limits
    const order = await this.#hooks.gate?.atSteady(steadyLeadUs)
    this.#step = this.#hooks.steering?.stepFor(this.#step) ?? this.#step
    const settings = { ...this.#settings, ...this.#step }
    const { warmupMs, durationMs } = settings
    const { startUs = nowUs() + steadyLeadUs, clock } = order ?? {}
    const stage = steadyStageOf(settings, { startUs, clock, hasOwnNode: this.#node !== null })
    this.#stage = stage
    this.#badClients?.start()
    this.#shards.tell({ kind: 'steady', stage })
    this.#publisher?.publish(stage, this.#shards.failedConnections)
    const { turnover } = stage
    if (turnover?.kind === 'storm' && !turnover.byGenerator) {
      this.#node?.killAt(turnover.atUs, this.#hooks.signal, (error) => (this.#nodeError = error))
    }
    const steady = this.#steadyStateOf(stage)
    if (warmupMs > 0) {
      this.#phases.enter('warm-up', warmupMs)
      await steady.reach('measureFromUs')
    }
    if (!steady.isOver) {
      this.#phases.enter('steady', durationMs)
      this.#hostMeasured = readHostSample()
      await steady.reach('endUs')
    }
    this.#steady = null
    this.#stage = steady.stage
    this.#endUs = Math.min(steady.stage.endUs, nowUs())
    this.#target.onSent()
  }

  #steadyStateOf(stage: SteadyStage): SteadyState {
    const { signal, steering } = this.#hooks
    const [shards, publisher] = [this.#shards, this.#publisher]
    const isOver = (): boolean => this.#isDeserted() || (publisher?.error ?? null) !== null
    this.#steady = new SteadyState({ shards, publisher, signal, steering, isOver }, stage)
    this.#steady.steer()
    return this.#steady
  }

  /** No connection is left, and none will come back. */
  #isDeserted(): boolean {
    const { mode, dispatch } = this.#settings
    if (hasTurnover(mode) || dispatch !== undefined || this.#step.connections === 0) return false
    return this.#shards.alive === 0
  }

  async #drain(): Promise<void> {
    this.#node?.spareKill()
    const stage = this.#stage
    if (stage === null) return
    this.#phases.enter('drain', null)
    const { course, steering, signal } = this.#hooks
    const isLast = this.#isInterrupted || steering?.isStopped || (course?.isLast ?? !course)
    const extraMs = isLast ? 0 : (this.#endUs - stage.startUs) / 1000
    const publisher = this.#publisher
    const [limits, periods] = [this.#limits, this.#periods]
    await drain(this.#shards, { stage, publisher, limits, periods, extraMs, signal })
  }

  #tellResults(): void {
    const broadcasts = this.#publisher?.result?.broadcast ?? null
    const { results } = this.#shards
    this.#hooks.gate?.tellResults({ stage: this.#stage, results, broadcasts })
  }

  /** Asks the course of the run what is next; false where this was the last step. */
  async #takeNextStep(): Promise<boolean> {
    const { course } = this.#hooks
    const stage = this.#stage
    if (course === undefined || stage === null || this.#isInterrupted) return false
    await collectResults(this.#shards, this.#limits)
    this.#tellResults()
    const report = this.#report(readHostSample(), null)
    const atMs = (stage.measureFromUs - this.#startUs) / 1000
    const next = await course.next(report, { atMs, blockedMs: this.#publisher?.blockedMs ?? 0 })
    if (next === null || this.#publisher?.error) return false
    this.#step = next
    this.#stage = null
    this.#standings.beginStep()
    this.#hostMeasured = null
    this.#hostBefore = readHostSample()
    this.#totals.beginStep(() => {
      this.#shards.beginStep()
      if (this.#publisher !== null) this.#publisher.sent = 0
    })
    return true
  }

  /** `target`: null before the last step of a course. */
  #report(hostAfter: HostSample, target: TargetFindings | null): RunReport {
    this.#intervals.finish()
    return buildReport({
      plan: planOfStep(this.#setup.plan, this.#step),
      startedAtMs: this.#startedAtMs,
      startUs: this.#startUs,
      connectUs: this.#connectUs,
      connected: this.#connected,
      stage: this.#stage,
      endUs: this.#endUs === 0 ? nowUs() : this.#endUs,
      isInterrupted: this.#isInterrupted,
      shards: this.#hasConnected ? this.#shards.states : [],
      publisher: this.#publisher?.result ?? null,
      publisherError: this.#publisher?.error ?? null,
      nodeError: this.#nodeError,
      hostPeaks: this.#hostPeaks.report(),
      hosts: this.#hosts,
      badClients: this.#badClientFindings,
      intervals: this.#intervals.rows,
      generatorMemory: this.#memory.generator,
      targetMemory: this.#memory.target,
      targetGc: target?.gc ?? null,
      hostBefore: this.#hostBefore,
      hostMeasured: this.#hostMeasured,
      hostAfter,
      environment: describeEnvironment({
        own_node: this.#node !== null,
        target_engine: target?.engine ?? null,
      }),
    })
  }

  #watched(): WatchedRun {
    return {
      ask: () => this.#shards.ask(),
      moment: () => this.#moment(),
      generatorBytes: () => this.#memory.generatorBytes(),
      ownPid: () => this.#node?.pid ?? null,
    }
  }

  #moment(): RunMoment {
    const atMs = (nowUs() - this.#startUs) / 1000
    const connections = this.#shards.alive
    return { atMs, phase: this.#phases.phase, connections, ...this.#totals.read() }
  }

  #tick(): void {
    const { intervalMs } = this.#periods
    const host = readHostSample()
    this.#hostPeaks.add(host, nowUs() / 1000)
    const { connections, ...moment } = this.#moment()
    const latencies = this.#shards.takeIntervals()
    const row = this.#intervals.add(nowUs(), { ...moment, connections, latencies, host })
    if (this.#phases.phase === 'steady') this.#standings.addLatencies(this.#intervals.latest)
    const standing = this.#standing(host)
    this.#hooks.onProgress({
      ...this.#phases.read(this.#steady?.measuredMs),
      ...ratesOf(row, intervalMs),
      connections,
      connectionsTarget: this.#step.connections,
      verdict: standing.verdict.value,
      standing,
    })
  }

  #standing(host: HostSample): RunStanding {
    return this.#standings.read({
      step: this.#step,
      isHeld: this.#steady !== null && this.#steady.measuredMs === null,
      states: this.#shards.states,
      publisher: this.#publisher,
      isTargetHere: this.#setup.targets.some(({ address }) => isLoopback(address)),
      hostBefore: this.#hostBefore,
      hostMeasured: this.#hostMeasured,
      host,
    })
  }
}
