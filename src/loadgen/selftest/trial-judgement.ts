/**
 * Holds one run of bench against what its server is known to have done. Pure. Three distributions
 * of the same messages are compared:
 *
 *   expected   schedule + delay table + stall: what a quiet host shows
 *   served     answer handed to the kernel - due, by the server's own log: nobody can see less
 *   reported   `response` of the report under test
 *
 * Reported below served at any percentile is a lie of the generator whatever the host did. Reported
 * away from expected is its fault only where nothing disturbed it.
 */
import type { MetricReport, RunReport } from '../../stats/run-report.ts'
import { DelayTable } from './delay-table.ts'
import { expectedResponseUs, percentileOf, type Stall } from './expected-response.ts'
import type { ResponderLog } from './responder-messages.ts'

export type SelftestResult = 'PASS' | 'DISTURBED' | 'FAIL'

/** What is promised (docs/benchmarks.md#selftest): 2 % or 100 µs, and the histogram's own 0.1 %. */
const ALLOWED_SHARE = 0.02
const ALLOWED_US = 100
const HISTOGRAM_SHARE = 0.001
/** A time cut to whole µs at both ends of a difference. */
const CUT_US = 2
/** The server missed so much at a time, and was not only busy. */
const HELD_UP_US = 1_000
/** After the stall it reads a second's messages at once. */
const CATCH_UP_US = 20_000
/** Intended times are doubles of µs since boot. */
const SCHEDULE_SLACK_US = 1

const PERCENTILES = [
  ['p50', 50],
  ['p75', 75],
  ['p90', 90],
  ['p95', 95],
  ['p99', 99],
  ['p99_9', 99.9],
  ['max', 100],
] as const
export type ComparedName = (typeof PERCENTILES)[number][0]

/** All in µs. */
export interface PercentileRow {
  readonly name: ComparedName
  readonly expected: number
  readonly served: number
  readonly response: number
  readonly service: number
  /** response - expected */
  readonly off: number
  readonly allowed: number
  readonly held: boolean
}

export interface Trial {
  readonly name: string
  readonly messagesPerSecond: number
  readonly connections: number
  readonly warmupMs: number
  readonly durationMs: number
  /** 0: no stall. */
  readonly stallMs: number
  readonly seed: number
}

export interface TrialJudgement {
  readonly result: SelftestResult
  readonly rows: readonly PercentileRow[]
  readonly measured: number
  /** As the server saw it; null without one. */
  readonly stall: { readonly from_ms: number; readonly length_ms: number } | null
  /** How much later than due a message reached the server, in µs. */
  readonly send_lateness: { readonly p50: number; readonly p99: number; readonly max: number }
  /** How much later than due an answer left the server, in µs; its stall left out. */
  readonly release_lateness: { readonly p50: number; readonly p99: number; readonly max: number }
  /** What is wrong with the numbers. Empty: nothing. */
  readonly faults: readonly string[]
  /** What the host did meanwhile. */
  readonly disturbances: readonly string[]
}

/** @param disturbances what was seen of the host meanwhile; decides between FAIL and DISTURBED */
export function judgeTrial(
  trial: Trial,
  log: ResponderLog,
  report: RunReport,
  disturbances: readonly string[],
): TrialJudgement {
  const measured = measuredRows(trial, log)
  const stall = stallOf(trial, log)
  const delays = new DelayTable(trial.seed)
  const metric = report.metrics.echo_latency ?? null
  const rows = metric === null ? [] : comparePercentiles(delays, log, measured, stall, metric)
  const lies = [
    ...scheduleFaults(trial, log),
    ...countFaults(report, measured.length, metric),
    ...rows.filter(isHidden).map(hiddenText),
  ]
  const misses = [
    ...rows.filter(({ held }) => !held).map(missText),
    ...(trial.stallMs > 0 && stall === null ? ['the server was never stopped'] : []),
    ...lossFaults(report),
  ]
  const seen = [...disturbances, ...heldUp(log, stall)]
  const isExcused = lies.length === 0 && seen.length > 0
  return {
    result: lies.length + misses.length === 0 ? 'PASS' : isExcused ? 'DISTURBED' : 'FAIL',
    rows,
    measured: measured.length,
    stall:
      stall === null
        ? null
        : {
            from_ms: rounded((stall.fromUs - log.intendedUs[0]) / 1000),
            length_ms: rounded((stall.untilUs - stall.fromUs) / 1000),
          },
    send_lateness: summary(measured.map((row) => log.arrivedUs[row] - dueUs(log, row, stall))),
    release_lateness: summary(measured.map((row) => releaseLateness(delays, log, row, stall))),
    faults: [...lies, ...misses],
    disturbances: seen,
  }
}

/** Rows of the log whose message was due in the measured time. */
function measuredRows(trial: Trial, log: ResponderLog): number[] {
  const fromUs = firstDueUs(trial, log) + trial.warmupMs * 1000
  const rows: number[] = []
  for (let row = 0; row < log.intendedUs.length; row++) {
    if (log.intendedUs[row] >= fromUs) rows.push(row)
  }
  return rows
}

/** Of event 0, which need not have arrived first. */
function firstDueUs({ messagesPerSecond }: Trial, log: ResponderLog): number {
  return log.intendedUs[0] - (log.events[0] * 1e6) / messagesPerSecond
}

/** The longest gap, where there was to be one and it is about as long as that. */
function stallOf({ stallMs }: Trial, { gapsUs }: ResponderLog): Stall | null {
  let longest: Stall | null = null
  for (let at = 0; at + 1 < gapsUs.length; at += 2) {
    const [fromUs, untilUs] = [gapsUs[at], gapsUs[at + 1]]
    if (longest === null || untilUs - fromUs > longest.untilUs - longest.fromUs) {
      longest = { fromUs, untilUs }
    }
  }
  if (stallMs === 0 || longest === null) return null
  return longest.untilUs - longest.fromUs >= stallMs * 900 ? longest : null
}

function comparePercentiles(
  delays: DelayTable,
  log: ResponderLog,
  measured: readonly number[],
  stall: Stall | null,
  { response, service }: MetricReport,
): PercentileRow[] {
  const expected = sorted(
    measured.map((row) =>
      expectedResponseUs(log.intendedUs[row], delays.delayUs(log.events[row]), stall),
    ),
  )
  const served = sorted(measured.map((row) => log.releasedUs[row] - log.intendedUs[row]))
  return PERCENTILES.map(([name, percentile]) => {
    const known = percentileOf(expected, percentile)
    const off = response[name] - known
    const allowed = Math.max(ALLOWED_US, known * ALLOWED_SHARE) + known * HISTOGRAM_SHARE
    return {
      name,
      expected: rounded(known),
      served: rounded(percentileOf(served, percentile)),
      response: response[name],
      service: service[name],
      off: rounded(off),
      allowed: rounded(allowed),
      held: Math.abs(off) <= allowed,
    }
  })
}

/**
 * Every message must be due when the arrival model says, to the µs, whatever happened meanwhile.
 */
function scheduleFaults(trial: Trial, log: ResponderLog): string[] {
  const firstUs = firstDueUs(trial, log)
  let worst = 0
  let early = 0
  for (let row = 0; row < log.events.length; row++) {
    const asPlannedUs = firstUs + (log.events[row] * 1e6) / trial.messagesPerSecond
    worst = Math.max(worst, Math.abs(log.intendedUs[row] - asPlannedUs))
    early = Math.max(early, log.intendedUs[row] - log.arrivedUs[row])
  }
  return [
    ...(worst > SCHEDULE_SLACK_US
      ? [`intended times are up to ${rounded(worst)} µs off the schedule`]
      : []),
    ...(early > 0 ? [`a message came ${rounded(early)} µs before it was due`] : []),
  ]
}

function countFaults(report: RunReport, measured: number, metric: MetricReport | null): string[] {
  const { received, duplicated, lost } = report.messages
  if (metric === null) return ['the report has no echo_latency']
  const counted = metric.response.count
  if (counted === received - duplicated && counted + lost === measured) return []
  return [`${measured} messages reached the server, the report counts ${counted} and ${lost} lost`]
}

function lossFaults({ messages }: RunReport): string[] {
  const { planned, sent, lost } = messages
  if (sent >= planned && lost === 0) return []
  const unsent = Math.max(0, planned - sent)
  return [`of ${planned} planned messages ${unsent} were not sent and ${lost} lost`]
}

function isHidden({ served, response }: PercentileRow): boolean {
  return response + CUT_US < served
}

function hiddenText({ name, served, response }: PercentileRow): string {
  return `${name}: ${response} µs reported, but the server answered only after ${served} µs`
}

function missText({ name, off, allowed }: PercentileRow): string {
  return `${name} is ${off > 0 ? '+' : ''}${off} µs off, ${allowed} allowed`
}

/** What the server missed beside its stall; no fault of the generator can make it. */
function heldUp({ gapsUs }: ResponderLog, stall: Stall | null): string[] {
  let pieces = 0
  let sumUs = 0
  for (let at = 0; at + 1 < gapsUs.length; at += 2) {
    const [fromUs, untilUs] = [gapsUs[at], gapsUs[at + 1]]
    const isStall =
      stall !== null && fromUs >= stall.fromUs && fromUs <= stall.untilUs + CATCH_UP_US
    if (isStall || untilUs - fromUs < HELD_UP_US) continue
    pieces += 1
    sumUs += untilUs - fromUs
  }
  if (pieces === 0) return []
  const held = `${rounded(sumUs / 1000)} ms (${pieces} ${pieces === 1 ? 'time' : 'times'})`
  return [`the host did not let the server run for ${held}`]
}

function dueUs(log: ResponderLog, row: number, stall: Stall | null): number {
  const intendedUs = log.intendedUs[row]
  return expectedResponseUs(intendedUs, 0, stall) + intendedUs
}

function releaseLateness(
  delays: DelayTable,
  log: ResponderLog,
  row: number,
  stall: Stall | null,
): number {
  const arrivedUs = log.arrivedUs[row]
  const delayUs = delays.delayUs(log.events[row])
  return log.releasedUs[row] - arrivedUs - expectedResponseUs(arrivedUs, delayUs, stall)
}

function summary(values: readonly number[]) {
  const ascending = sorted(values)
  return {
    p50: rounded(percentileOf(ascending, 50)),
    p99: rounded(percentileOf(ascending, 99)),
    max: rounded(percentileOf(ascending, 100)),
  }
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort()
}

function rounded(us: number): number {
  return Math.round(us * 10) / 10
}
