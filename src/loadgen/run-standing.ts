/**
 * How a run stands while it goes on: from what shards and publisher said last, judged by the rules
 * of the verdict as far as they have facts by now. Bytes, clocks and doctor's findings come with
 * the end. Costs the coordinator's thread a tenth of a millisecond a second.
 */
import { deltaOf, type HostSample } from '../stats/host-counters.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { LatencyStanding, RunStanding, ThreadStanding } from '../stats/run-progress.ts'
import type { HostMoment } from '../stats/run-report.ts'
import { hostMoment } from './interval-log.ts'
import type { RunStep } from './run-course.ts'
import type { ShardState } from './shard-group.ts'
import type { ThreadSoFar } from './thread-watch.ts'
import { judge } from './verdict/judge.ts'
import type { ThreadFacts, VerdictFacts } from './verdict/verdict-facts.ts'

export interface StandingFacts {
  readonly step: RunStep
  readonly isHeld: boolean
  readonly states: readonly ShardState[]
  readonly publisher: { sent: number; late?: number; thread?: ThreadSoFar | null } | null
  readonly isTargetHere: boolean
  readonly hostBefore: HostSample
  /** As the measured time began; null: it has not. */
  readonly hostMeasured: HostSample | null
  readonly host: HostSample
}

export class RunStandings {
  readonly #latencies = new LatencyRecorder()
  #step = 1
  #threads: readonly (ThreadFacts & ThreadSoFar)[] = []
  #hostLast: HostSample | null = null
  #measuredTicks = 0

  /** Of the interval that ended now; only what was measured counts. */
  addLatencies(latest: LatencyRecorder): void {
    this.#latencies.merge(latest)
    this.#measuredTicks += 1
  }

  beginStep(): void {
    this.#step += 1
    this.#latencies.reset()
    this.#threads = []
    this.#measuredTicks = 0
  }

  read(facts: StandingFacts): RunStanding {
    const threads = threadsOf(facts)
    // Once the measured time is over, how it ended stays.
    if (threads.length > 0) this.#threads = threads
    const late = lateOf(facts)
    const host = this.#hostSince(facts.host)
    return {
      step: this.#step,
      messagesPerSecond: facts.step.messagesPerSecond,
      isHeld: facts.isHeld,
      latency: latencyOf(this.#latencies),
      verdict: judge(this.#factsFor(facts, late)),
      late,
      threads: worstOf(this.#threads),
      gcCount: this.#threads.reduce((sum, { gcCount }) => sum + gcCount, 0),
      host,
      failures: facts.states.flatMap(({ progress }) => progress?.topFailure ?? []),
    }
  }

  #hostSince(host: HostSample): HostMoment {
    const moment = hostMoment(this.#hostLast ?? host, host)
    this.#hostLast = host
    return moment
  }

  #factsFor(facts: StandingFacts, late: number): VerdictFacts {
    const { states, publisher, hostBefore, hostMeasured, host, isTargetHere } = facts
    const ofShards = states.reduce((sum, { progress }) => sum + (progress?.sent ?? 0), 0)
    return {
      planned: publisher?.sent ?? ofShards,
      late,
      unsent: 0,
      threads: this.#threads,
      shards: states.length,
      shardsLost: states.filter(({ lost }) => lost !== null).length,
      connections: facts.step.connections,
      failures: states.flatMap(({ progress }) => progress?.topFailure ?? []),
      latencies: { count: this.#latencies.count, clamped: this.#latencies.clamped },
      bytes: [],
      host: deltaOf(hostMeasured ?? hostBefore, host),
      hostInAll: deltaOf(hostBefore, host),
      hosts: [],
      isTargetHere,
      measuredSeconds: this.#measuredTicks,
    }
  }
}

function threadsOf({ states, publisher }: StandingFacts): (ThreadFacts & ThreadSoFar)[] {
  const shards = states.map(({ index, progress }) => [`shard ${index}`, progress?.thread] as const)
  const all = [...shards, ['the publisher', publisher?.thread] as const]
  return all.flatMap(([name, thread]) => (thread ? [{ name, ...thread }] : []))
}

function lateOf({ states, publisher }: StandingFacts): number {
  const ofShards = states.reduce((sum, { progress }) => sum + (progress?.late ?? 0), 0)
  return ofShards + (publisher?.late ?? 0)
}

function worstOf(threads: readonly ThreadSoFar[]): ThreadStanding | null {
  if (threads.length === 0) return null
  const worst = (name: keyof ThreadStanding): number | null => {
    const known = threads.map((thread) => thread[name]).filter((value) => value !== null)
    return known.length === 0 ? null : Math.max(...known)
  }
  return {
    cpuShare: worst('cpuShare'),
    waitShare: worst('waitShare'),
    loopLagUsP99: worst('loopLagUsP99'),
    gcPauseUsMax: worst('gcPauseUsMax'),
  }
}

function latencyOf(latencies: LatencyRecorder): LatencyStanding | null {
  if (latencies.count === 0) return null
  const at = (percentile: number): number => latencies.valueAtPercentile(percentile)
  return { p50: at(50), p90: at(90), p99: at(99), p99_9: at(99.9), max: latencies.max }
}
