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
import type { RunPhase } from '../stats/run-progress.ts'
import type { HostFindingsReport, RunReport } from '../stats/run-report.ts'
import { type BenchSetup, newRunId, prepareBench, shardSetups } from './bench-setup.ts'
import { connectInLanes } from './connect-lanes.ts'
import { IntervalLog } from './interval-log.ts'
import { MemorySampler } from './memory-sampler.ts'
import { scheduleOf } from './message-schedule.ts'
import { NodeApi, type NodeFacts, pausesOfRun } from './node-api.ts'
import { OwnNode } from './own-node.ts'
import type { OwnNodeOptions } from './own-node-process.ts'
import type { RunPlan } from './plan/run-plan.ts'
import { buildReport } from './report-builder.ts'
import { describeEnvironment } from './run-environment.ts'
import { onlyStepOf, planOfStep, type RunStep } from './run-course.ts'
import { drain } from './run-drain.ts'
import { closeShards, collectResults } from './run-ending.ts'
import { plannedMsOf, runHeader } from './run-header.ts'
import type { BenchHooks, RunMoment, WatchedRun } from './run-hooks.ts'
import { runLimits, runPeriods } from './run-limits.ts'
import { openPublisher, type RunPublisher } from './run-publisher.ts'
import { RunTotals } from './run-totals.ts'
import { ShardGroup } from './shard-group.ts'
import type { PublisherSetup, SteadyStage } from './shard-messages.ts'
import { connectFailure } from './target-failure.ts'
import { blameTarget } from './target-probe.ts'
import { turnoverOf } from './turnover.ts'
import { type BenchSettings, hasTurnover, needsPublisher, pushKindsOf } from './workload.ts'

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
    const driven =
      node === null ? settings : { ...settings, targets: node.targets, publishUrl: node.httpUrl }
    const setup = setupFor(await prepareBench(driven), hooks)
    return await new BenchRun(driven, setup, hooks, startedAtMs, node).run()
  } finally {
    await node?.stop()
  }
}

/** The steps of a course are divided over all shards, so all of them connect together. */
function setupFor(setup: BenchSetup, { course }: BenchHooks): BenchSetup {
  if (course === undefined) return setup
  const { plan } = setup
  return { ...setup, plan: { ...plan, shards: { ...plan.shards, lanes: plan.shards.count } } }
}

/** Where the generator needs processes, the node needs as many: one for each, with its ports. */
function ownNodeOf(settings: BenchSettings, { shards, ports }: RunPlan): OwnNodeOptions {
  const { connections, engine, heartbeatSeconds, mode } = settings
  const processes = shards.kind === 'process' ? shards.count : null
  const portsBelow = mode === 'storm' ? ports.first : null
  return { connections, engine, heartbeatSeconds, processes, portsBelow }
}

class BenchRun {
  readonly #settings: BenchSettings
  readonly #setup: BenchSetup
  readonly #hooks: BenchHooks
  readonly #startedAtMs: number
  readonly #node: OwnNode | null
  readonly #runId: number
  readonly #api: NodeApi | null
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
  #stormTimer: NodeJS.Timeout | null = null
  /** Why the node of our own did not come back from a storm. */
  #nodeError: Error | null = null
  readonly #totals: RunTotals
  readonly #hostPeaks = new HostPeaks()
  #hosts: readonly HostFindingsReport[] = []
  #phase: RunPhase = 'start'
  #phaseStartUs = this.#startUs
  #phaseTotalMs: number | null = null
  #connectUs = 0
  #connected = 0
  #stage: SteadyStage | null = null
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
    this.#api = publishUrl === null ? null : new NodeApi(publishUrl, adminToken)
    const { kind, connections } = setup.plan.shards
    // Interrupted while its node was starting: there is nothing to drive any more.
    const setups = this.#isInterrupted ? [] : shardSetups(settings, setup, this.#runId)
    this.#shards = new ShardGroup(kind, setups, connections)
    this.#totals = new RunTotals(this.#shards, () => this.#publisher)
    this.#memory = new MemorySampler(this.#shards, kind, () => this.#askTarget())
    this.#limits = runLimits(settings.connections, connections.length)
    this.#periods = runPeriods(connections.length)
    const { record } = hooks
    this.#intervals = new IntervalLog({
      startUs: this.#startUs,
      host: this.#hostBefore,
      plannedMs: plannedMsOf(settings),
      record,
    })
    record?.begin(runHeader(setup.plan, startedAtMs, node !== null))
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
      const targetAfter = await this.#askTarget()
      const hostAfter = readHostSample()
      this.#hostPeaks.add(hostAfter, nowUs() / 1000)
      this.#hosts = (await this.#hooks.hosts?.finish()) ?? []
      if (this.#hasConnected) {
        await collectResults(this.#shards, this.#limits)
        this.#hooks.gate?.tellResults(this.#stage, this.#shards.results)
        await closeShards(this.#shards, this.#limits, this.#setup.plan.shards.lanes)
      }
      return this.#report(hostAfter, targetAfter)
    } finally {
      clearInterval(ticker)
      await Promise.all([this.#shards.kill(), this.#publisher?.kill()])
    }
  }

  get #isInterrupted(): boolean {
    return this.#hooks.signal.aborted
  }

  async #start(): Promise<void> {
    const { mode, connections, messageBytes, qos, seed, adminToken, publishUrl } = this.#settings
    const elsewhere = this.#settings.publishElsewhere
    // Fails here, with a clear error, where pushes could not be injected later.
    if (needsPublisher(mode)) {
      await this.#api?.describe().catch((error) => blameTarget(error, this.#setup.targets))
    }
    if (needsPublisher(mode) && (publishUrl !== null || elsewhere !== undefined)) {
      const { devices } = shardSetups(this.#settings, this.#setup, this.#runId)[0]
      const setup: PublisherSetup = {
        url: publishUrl ?? '',
        way: elsewhere === undefined ? null : { target: this.#setup.targets[0], ...elsewhere },
        adminToken,
        kinds: pushKindsOf(mode),
        runId: this.#runId,
        devices,
        connections,
        messageBytes,
        qos,
        seed,
        answersLimitMs: this.#limits.answersMs,
      }
      const { part } = this.#settings
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
    this.#enter('connect', (opened / connectsPerSecond) * 1000)
    const startUs = (await this.#hooks.gate?.atConnect()) ?? nowUs()
    if (this.#isInterrupted) return
    this.#hasConnected = true
    // The slope of a ramp; one down says nothing of what a connection takes.
    if (opened > 0) this.#memory.start(this.#periods.memoryMs)
    const { lanes } = this.#setup.plan.shards
    const extraMs = this.#limits.connectExtraMs
    const order = { startUs, connectsPerSecond, connections, lanes, extraMs }
    await connectInLanes(this.#shards, order, this.#hooks.signal)
    this.#memory.stop()
    this.#connectUs = nowUs() - startUs
    const established = this.#shards.sum((progress) => progress.established)
    this.#connected = Math.max(0, established - before)
    if (established > 0 || this.#isInterrupted) return
    throw connectFailure(this.#shards, this.#setup.targets)
  }

  async #holdSteady(): Promise<void> {
    const settings = { ...this.#settings, ...this.#step }
    const { warmupMs, durationMs, connections } = settings
    const { steadyLeadUs } = this.#limits
    const order = await this.#hooks.gate?.atSteady(steadyLeadUs)
    const startUs = order?.startUs ?? nowUs() + steadyLeadUs
    const measureFromUs = startUs + warmupMs * 1000
    const endUs = measureFromUs + durationMs * 1000
    const turnover = turnoverOf(settings, measureFromUs, this.#node !== null)
    const times = { startUs, measureFromUs, endUs }
    const { clock } = order ?? {}
    const stage = { ...times, turnover, connections, clock, ...scheduleOf(settings) }
    this.#stage = stage
    this.#shards.tell({ kind: 'steady', stage })
    this.#publisher?.publish(stage, this.#shards.failedConnections)
    if (turnover?.kind === 'storm' && !turnover.byGenerator) this.#killNodeAt(turnover.atUs)
    const isOver = (): boolean => this.#isDeserted() || (this.#publisher?.error ?? null) !== null
    if (warmupMs > 0) {
      this.#enter('warm-up', warmupMs)
      const untilMs = (measureFromUs - nowUs()) / 1000
      await this.#shards.waitUntil(isOver, untilMs, this.#hooks.signal)
    }
    if (!this.#isInterrupted && !isOver()) {
      this.#enter('steady', durationMs)
      this.#hostMeasured = readHostSample()
      await this.#shards.waitUntil(isOver, (endUs - nowUs()) / 1000, this.#hooks.signal)
    }
    this.#endUs = Math.min(endUs, nowUs())
  }

  /** No connection is left, and none will come back. */
  #isDeserted(): boolean {
    return !hasTurnover(this.#settings.mode) && this.#shards.alive === 0
  }

  #killNodeAt(atUs: number): void {
    const kill = (): void => {
      this.#node?.restart(this.#hooks.signal).catch((error: Error) => {
        this.#nodeError = error
      })
    }
    this.#stormTimer = setTimeout(kill, Math.max(0, (atUs - nowUs()) / 1000))
  }

  async #drain(): Promise<void> {
    if (this.#stormTimer) clearTimeout(this.#stormTimer)
    const stage = this.#stage
    if (stage === null) return
    this.#enter('drain', null)
    const isLast = this.#hooks.course === undefined || this.#isInterrupted
    const extraMs = isLast ? 0 : (stage.endUs - stage.startUs) / 1000
    const publisher = this.#publisher
    const [limits, periods] = [this.#limits, this.#periods]
    await drain(this.#shards, { stage, publisher, limits, periods, extraMs })
  }

  /** Asks the course of the run what is next; false where this was the last step. */
  async #takeNextStep(): Promise<boolean> {
    const { course } = this.#hooks
    const stage = this.#stage
    if (course === undefined || stage === null || this.#isInterrupted) return false
    await collectResults(this.#shards, this.#limits)
    const report = this.#report(readHostSample(), null)
    const atMs = (stage.measureFromUs - this.#startUs) / 1000
    const next = course.next(report, { atMs, blockedMs: this.#publisher?.blockedMs ?? 0 })
    if (next === null || this.#publisher?.error) return false
    this.#step = next
    this.#stage = null
    this.#hostBefore = readHostSample()
    this.#totals.beginStep(() => {
      this.#shards.beginStep()
      if (this.#publisher !== null) this.#publisher.sent = 0
    })
    return true
  }

  /** null where the target has no HTTP API, or does not answer any more. */
  async #askTarget(): Promise<NodeFacts | null> {
    return this.#api === null ? null : this.#api.describe().catch(() => null)
  }

  #report(hostAfter: ReturnType<typeof readHostSample>, target: NodeFacts | null): RunReport {
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
      intervals: this.#intervals.rows,
      generatorMemory: this.#memory.generator,
      targetMemory: this.#memory.target,
      targetGc: target === null ? null : pausesOfRun(target, this.#startUs),
      hostBefore: this.#hostBefore,
      hostMeasured: this.#hostMeasured,
      hostAfter,
      environment: describeEnvironment({
        own_node: this.#node !== null,
        target_engine: target?.engine ?? null,
      }),
    })
  }

  #enter(phase: RunPhase, totalMs: number | null): void {
    this.#phase = phase
    this.#phaseStartUs = nowUs()
    this.#phaseTotalMs = totalMs
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
    return { atMs, phase: this.#phase, connections, ...this.#totals.read() }
  }

  #tick(): void {
    const { intervalMs } = this.#periods
    const host = readHostSample()
    this.#hostPeaks.add(host, nowUs() / 1000)
    const { connections, ...moment } = this.#moment()
    const latencies = this.#shards.takeIntervals()
    const row = this.#intervals.add(nowUs(), { ...moment, connections, latencies, host })
    const hasLatency = row.max > 0
    this.#hooks.onProgress({
      phase: this.#phase,
      elapsedMs: (nowUs() - this.#phaseStartUs) / 1000,
      totalMs: this.#phaseTotalMs,
      connections,
      connectionsTarget: this.#step.connections,
      sentPerSecond: (row.sent * 1000) / intervalMs,
      receivedPerSecond: (row.received * 1000) / intervalMs,
      p50: hasLatency ? row.p50 : null,
      p99: hasLatency ? row.p99 : null,
    })
  }
}
