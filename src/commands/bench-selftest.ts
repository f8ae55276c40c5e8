/**
 * pushctl bench selftest: is what bench reports true? Exit 0: every percentile is where it must be.
 * 5: some are not, and the host disturbed the run, so nothing is proved. 99: some are not, and
 * nothing excuses it.
 */
import type { CommandContext } from '../config/command.ts'
import type { OptionsOf } from '../config/option-table.ts'
import { EXIT, exitCodeOfSignal } from '../errors/exit-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { SelftestReport, TrialReport } from '../loadgen/selftest/selftest-report.ts'
import type { SelftestResult, Trial } from '../loadgen/selftest/trial-judgement.ts'
import type { BenchSettings } from '../loadgen/workload.ts'
import { tableLines } from '../report/table.ts'
import type { BENCH_OPTIONS } from './bench-options.ts'
import type { SELFTEST_OPTIONS } from './selftest-options.ts'

export const SELFTEST = 'selftest'

type SelftestContext = CommandContext<
  OptionsOf<typeof BENCH_OPTIONS> & OptionsOf<typeof SELFTEST_OPTIONS>
>

const WARMUP_MS = 500
const STALL_MS = 1_000
/** The generator keeps its schedule to the µs up to 250/s and shard (src/loadgen/pace-timer.ts). */
const RATES_PER_SECOND = [100, 250]
const STALL_RATE_PER_SECOND = 250
const DURATION_MS = 5_000
/** Such that the share of messages due in the stall puts no percentile on the edge of a step. */
const STALL_DURATION_MS = 8_000
const QUICK_DURATION_MS = 2_000
const QUICK_STALL_DURATION_MS = 3_000
/**
 * Messages of one connection come back out of order, after the stall all of a second at once; bench
 * takes one that is 32 behind for a duplicate.
 */
const PER_CONNECTION_MAX = 10

const EXIT_CODES: Readonly<Record<SelftestResult, number>> = {
  PASS: EXIT.OK,
  DISTURBED: EXIT.GENERATOR_SATURATED,
  FAIL: EXIT.THRESHOLD,
}

export function isSelftest(positional: readonly string[]): boolean {
  return positional[0] === SELFTEST
}

export function selftestFaults(positional: readonly string[]): readonly PushctlError[] {
  if (positional.length === 1) return []
  const message = `expected no TARGET after selftest, got "${positional[1]}"`
  const why = 'it drives a server of its own, whose response times it knows'
  return [new PushctlError('PUSHCTL_USAGE', message, { why, tries: ['pushctl bench selftest'] })]
}

export async function runSelftestCommand(
  { options, signal, note, result }: SelftestContext,
  bench: BenchSettings,
): Promise<number> {
  const { runSelftest } = await import('../loadgen/selftest/run-selftest.ts')
  const trials = trialsOf(options.quick, bench.seed, options.messagesPerSecond)
  const report = await runSelftest(
    { bench, trials },
    {
      signal,
      onTrial: ({ name, durationMs }, number) =>
        note(`${number} of ${trials.length}: ${name}, ${durationMs / 1000} s`),
    },
  )
  await result(report, selftestText(report))
  return report.interrupted ? exitCodeOfSignal(signal.reason) : EXIT_CODES[report.result]
}

/** @param messagesPerSecond of --rate, instead of those that bench can keep exactly */
export function trialsOf(isQuick: boolean, seed: number, messagesPerSecond?: number): Trial[] {
  const quietRates = isQuick ? RATES_PER_SECOND.slice(-1) : RATES_PER_SECOND
  const trialAt = (rate: number, durationMs: number, stallMs: number): Trial => ({
    name: `${rate}/s${stallMs > 0 ? ` with a stall of ${stallMs / 1000} s` : ''}`,
    messagesPerSecond: rate,
    connections: Math.ceil(rate / PER_CONNECTION_MAX),
    warmupMs: WARMUP_MS,
    durationMs,
    stallMs,
    seed,
  })
  const rates = messagesPerSecond === undefined ? quietRates : [messagesPerSecond]
  const stallRate = messagesPerSecond ?? STALL_RATE_PER_SECOND
  return [
    ...rates.map((rate) => trialAt(rate, isQuick ? QUICK_DURATION_MS : DURATION_MS, 0)),
    trialAt(stallRate, isQuick ? QUICK_STALL_DURATION_MS : STALL_DURATION_MS, STALL_MS),
  ]
}

export function selftestText(report: SelftestReport): string {
  const lines = report.trials.flatMap(trialLines)
  lines.push(`selftest ${report.result}${report.interrupted ? ' (interrupted)' : ''}`)
  lines.push(...report.reasons.map((reason) => `  ${reason}`))
  return lines.join('\n')
}

const COLUMNS = ['µs', 'expected', 'served', 'response', 'service', 'off', 'allowed', '']

function trialLines({ name, result, rows, bytes, cpu_cores }: TrialReport): string[] {
  const table = tableLines(
    [
      COLUMNS,
      ...rows.map(
        ({ name: percentile, expected, served, response, service, off, allowed, held }) => [
          percentile.replace('_', '.'),
          ...[expected, served, response, service, off, allowed].map((us) => us.toFixed(0)),
          held ? '' : 'off',
        ],
      ),
    ],
    ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
  )
  const counted = bytes.map(
    ({ direction, expected, counted }) => `${direction} ${counted} of ${expected}`,
  )
  return [
    `${name}: ${result}`,
    ...table.map((line) => `  ${line}`),
    `  bytes ${counted.join(', ')}; ${coresText(cpu_cores)}`,
    '',
  ]
}

function coresText({ generator, server }: TrialReport['cpu_cores']): string {
  return `cores: generator ${generator}, server ${server}`
}
