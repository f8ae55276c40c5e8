/**
 * What a run says of itself each second while it goes on: for a line of text the plain figures, for
 * a live view its standing beside them. Made by loadgen, drawn by report. All of it is of the
 * moment; the report at the end counts exactly.
 */
import type { HostMoment, Verdict, VerdictReport } from './run-report.ts'

export type RunPhase = 'start' | 'connect' | 'warm-up' | 'steady' | 'drain'

export interface RunProgress {
  readonly phase: RunPhase
  /** Of the phase. */
  readonly elapsedMs: number
  /** null: nobody knows how long it takes, so there is no bar. */
  readonly totalMs: number | null
  readonly connections: number
  readonly connectionsTarget: number
  readonly sentPerSecond: number
  readonly receivedPerSecond: number
  /** µs, of the last interval; null: nothing came in it. */
  readonly p50: number | null
  readonly p99: number | null
  /** As far as it can be told by now. */
  readonly verdict?: Verdict
  /** Missing where only the figures are known. */
  readonly standing?: RunStanding
}

export interface RunStanding {
  /** Which step of the run this is, from 1. */
  readonly step: number
  /** Messages (or broadcasts) per second that the step asks for in total. */
  readonly messagesPerSecond: number
  /** The end of the step waits for a key. */
  readonly isHeld: boolean
  /** Response times of the measured time of the step; null: none came yet. */
  readonly latency: LatencyStanding | null
  /** From the facts that are known before the end: threads, lateness, counters of this host. */
  readonly verdict: VerdictReport
  /** Sends of the step that left late. */
  readonly late: number
  /** Worst thread of the generator, of the measured time; null: nothing was measured yet. */
  readonly threads: ThreadStanding | null
  readonly gcCount: number
  /** Of the last interval. */
  readonly host: HostMoment
  /** The failure seen most in each part of the generator. */
  readonly failures: readonly FailureStanding[]
}

/** µs. */
export interface LatencyStanding {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p99_9: number
  readonly max: number
}

/** null: unknown. */
export interface ThreadStanding {
  /** Of one core, 0..1. */
  readonly cpuShare: number | null
  readonly waitShare: number | null
  readonly loopLagUsP99: number | null
  readonly gcPauseUsMax: number | null
}

export interface FailureStanding {
  readonly phase: string
  readonly cause: string
  readonly count: number
}
