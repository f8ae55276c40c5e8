/**
 * Latency truth: bench is pointed at a server whose response times are known, with the coordinator,
 * shards and recorder of any other run, and its report is held against them: at several rates, and
 * once with a server that stands still for a second. The cost: generator and server each hold a
 * core while it runs.
 */
import { runBench } from '../coordinator.ts'
import { deviceIdOf, deviceNamesOf } from '../device-names.ts'
import { constantPacer } from '../pacing/constant-pacer.ts'
import { describeEnvironment } from '../run-environment.ts'
import { parseTarget } from '../target/target-address.ts'
import type { BenchSettings } from '../workload.ts'
import { nowUs } from '../../stats/clock.ts'
import type { RunReport } from '../../stats/run-report.ts'
import { type ByteCount, reconcileBytes } from '../verdict/byte-gap.ts'
import {
  HEARTBEAT_FRAME_BYTES,
  helloFrameBytes,
  msgFrameBytes,
  sendFrameBytes,
  tcpFrameBytes,
  welcomeFrameBytes,
} from './frame-sizes.ts'
import { coresOfHost, disturbancesOf, type HostMoment, readMoment } from './host-disturbance.ts'
import { HEARTBEAT_SECONDS } from './responder.ts'
import type { ResponderLog } from './responder-messages.ts'
import { ResponderProcess } from './responder-process.ts'
import { reasonsOf, type SelftestReport, trialReport, worstResult } from './selftest-report.ts'
import { judgeTrial, type Trial } from './trial-judgement.ts'

export interface SelftestSettings {
  /** Where settings of bench that the selftest does not decide come from: shards, engine, seed. */
  readonly bench: BenchSettings
  readonly trials: readonly Trial[]
}

export interface SelftestHooks {
  readonly signal: AbortSignal
  onTrial(trial: Trial, number: number): void
}

const CONNECTS_PER_SECOND = 2_000
/** Connecting, warm-up and a drain that waits for the slowest answer. */
const OVERHEAD_LIMIT_MS = 60_000
/** In the middle of the measured time. */
const STALL_AT = 0.5

export async function runSelftest(
  settings: SelftestSettings,
  hooks: SelftestHooks,
): Promise<SelftestReport> {
  const startedAtMs = Date.now()
  const trials = []
  for (const [index, trial] of settings.trials.entries()) {
    if (hooks.signal.aborted) break
    hooks.onTrial(trial, index + 1)
    const report = await runTrial(trial, settings.bench, hooks.signal)
    if (report !== null) trials.push(report)
  }
  return {
    schema: 'pushctl.bench-selftest/1',
    started_at: new Date(startedAtMs).toISOString(),
    result: worstResult(trials.map(({ result }) => result)),
    reasons: reasonsOf(trials),
    interrupted: hooks.signal.aborted,
    trials,
    environment: describeEnvironment({}),
  }
}

/** null when it was interrupted: half a schedule cannot be held against the whole. */
async function runTrial(trial: Trial, bench: BenchSettings, signal: AbortSignal) {
  const { messageBytes, engine } = bench
  const { connections, seed } = trial
  const setup = { engine, connections, messageBytes, seed, events: eventsOf(trial) }
  const responder = await ResponderProcess.start(setup)
  try {
    const before = readMoment()
    const stalled = stallInTheMiddle(trial, responder, signal)
    const report = await runBench(settingsOf(trial, bench, responder.port), {
      signal,
      onProgress: () => {},
    })
    await stalled
    const after = readMoment()
    const log = await responder.finish()
    return signal.aborted ? null : judged({ trial, bench, report, log, before, after })
  } finally {
    await responder.stop()
  }
}

/** Never throws: a server that gets no message shows in the report of bench. */
async function stallInTheMiddle(
  { stallMs, warmupMs, durationMs }: Trial,
  responder: ResponderProcess,
  signal: AbortSignal,
): Promise<void> {
  if (stallMs === 0) return
  const firstUs = await responder.begun(OVERHEAD_LIMIT_MS).catch(() => null)
  if (firstUs === null || signal.aborted) return
  const atUs = firstUs + (warmupMs + durationMs * STALL_AT - stallMs / 2) * 1000
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, (atUs - nowUs()) / 1000)))
  if (!signal.aborted) responder.stall(stallMs)
}

function settingsOf(trial: Trial, bench: BenchSettings, port: number): BenchSettings {
  return {
    ...bench,
    targets: [parseTarget(`tcp://127.0.0.1:${port}`)],
    mode: 'echo',
    connections: trial.connections,
    connectsPerSecond: CONNECTS_PER_SECOND,
    messagesPerSecond: trial.messagesPerSecond,
    arrivals: 'constant',
    warmupMs: trial.warmupMs,
    durationMs: trial.durationMs,
    publishUrl: null,
  }
}

interface TrialRun {
  readonly trial: Trial
  readonly bench: BenchSettings
  readonly report: RunReport
  readonly log: ResponderLog
  readonly before: HostMoment
  readonly after: HostMoment
}

function judged({ trial, bench, report, log, before, after }: TrialRun) {
  const disturbances = disturbancesOf({
    before,
    after,
    childrenCpuUs: log.cpuUs,
    verdict: report.verdict,
    cores: coresOfHost(),
  })
  const bytes = countBytes(trial, bench.messageBytes, report, log)
  const elapsedUs = after.atUs - before.atUs
  return trialReport({
    trial,
    judgement: judgeTrial(trial, log, report, disturbances),
    verdict: report.verdict,
    bytes,
    byteGaps: reconcileBytes(bytes),
    generatorCores: (after.ownCpuUs - before.ownCpuUs) / elapsedUs,
    serverCores: log.cpuUs / elapsedUs,
  })
}

/**
 * By the sockets at the server's end, which the generator does not count: what it says it sent and
 * got, warm-up included, must have gone through them.
 */
function countBytes(
  trial: Trial,
  messageBytes: number,
  { messages, connections }: RunReport,
  log: ResponderLog,
): ByteCount[] {
  const { established } = connections
  const warmup = eventsOf(trial) - messages.planned
  const idBytes = deviceIdOf(deviceNamesOf(1, trial.connections), 0).length
  const hello = tcpFrameBytes(helloFrameBytes(idBytes))
  const welcome = tcpFrameBytes(welcomeFrameBytes(HEARTBEAT_SECONDS))
  const heartbeats = log.pings * tcpFrameBytes(HEARTBEAT_FRAME_BYTES)
  const send = tcpFrameBytes(sendFrameBytes(messageBytes))
  const msg = tcpFrameBytes(msgFrameBytes(messageBytes))
  return [
    {
      direction: 'sent',
      expected: established * hello + heartbeats + (warmup + messages.sent) * send,
      counted: log.bytesReceived,
    },
    {
      direction: 'received',
      expected: established * welcome + heartbeats + (warmup + messages.received) * msg,
      counted: log.bytesSent,
    },
  ]
}

/** Of the whole schedule, warm-up included. */
function eventsOf({ messagesPerSecond, warmupMs, durationMs }: Trial): number {
  return constantPacer(messagesPerSecond, (warmupMs + durationMs) * 1000).total
}
