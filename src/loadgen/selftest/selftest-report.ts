/**
 * What `pushctl bench selftest` found, as one plain value: the document of --json. Times are µs
 * unless the name says otherwise.
 */
import type { VerdictReport } from '../../stats/run-report.ts'
import type { ByteCount, ByteGap } from '../verdict/byte-gap.ts'
import type { RunEnvironment } from '../run-environment.ts'
import type { SelftestResult, Trial, TrialJudgement } from './trial-judgement.ts'

export interface TrialReport extends TrialJudgement {
  readonly name: string
  readonly messages_per_second: number
  readonly connections: number
  readonly duration_ms: number
  readonly verdict: VerdictReport
  readonly bytes: readonly ByteCount[]
  /** CPU of generator and server processes, in cores, while the trial ran. */
  readonly cpu_cores: { readonly generator: number; readonly server: number }
}

export interface SelftestReport {
  readonly schema: 'pushctl.bench-selftest/1'
  readonly started_at: string
  readonly result: SelftestResult
  /** Every fault and disturbance, led by the trial it was seen in; empty when PASS. */
  readonly reasons: readonly string[]
  readonly interrupted: boolean
  readonly trials: readonly TrialReport[]
  readonly environment: RunEnvironment
}

/** FAIL before DISTURBED before PASS. Nothing tried proves nothing. */
export function worstResult(results: readonly SelftestResult[]): SelftestResult {
  if (results.includes('FAIL')) return 'FAIL'
  return results.length === 0 || results.includes('DISTURBED') ? 'DISTURBED' : 'PASS'
}

export interface TrialFigures {
  readonly trial: Trial
  readonly judgement: TrialJudgement
  readonly verdict: VerdictReport
  readonly bytes: readonly ByteCount[]
  readonly byteGaps: readonly ByteGap[]
  readonly generatorCores: number
  readonly serverCores: number
}

export function trialReport(figures: TrialFigures): TrialReport {
  const { trial, judgement, verdict, bytes, byteGaps, generatorCores, serverCores } = figures
  return {
    name: trial.name,
    messages_per_second: trial.messagesPerSecond,
    connections: trial.connections,
    duration_ms: trial.durationMs,
    ...judgement,
    // Bytes are counted, not timed: no disturbance excuses a gap.
    result: byteGaps.length > 0 ? 'FAIL' : judgement.result,
    faults: [...judgement.faults, ...byteGaps.map(({ reason }) => reason)],
    verdict,
    bytes,
    cpu_cores: { generator: twoDigits(generatorCores), server: twoDigits(serverCores) },
  }
}

export function reasonsOf(trials: readonly TrialReport[]): string[] {
  return trials
    .filter(({ result }) => result !== 'PASS')
    .flatMap(({ name, faults, disturbances }) =>
      [...faults, ...disturbances].map((reason) => `${name}: ${reason}`),
    )
}

function twoDigits(value: number): number {
  return Math.round(value * 100) / 100
}
