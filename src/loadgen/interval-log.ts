/**
 * The picture of a run over time: connections, rates, latency and the host, a row a second; in long
 * runs each row spans several, because a report of a day must stay small and memory must not grow.
 * A row is exact for its span: its latencies are merged as they come, not averaged afterwards. Also
 * what the progress line shows.
 */
import { coarseText } from '../stats/coarse-buckets.ts'
import { deltaOf, type HostSample } from '../stats/host-counters.ts'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { RecordedRow, RunRecord } from '../stats/run-record.ts'
import type { HostMoment, IntervalReport } from '../stats/run-report.ts'

/** Of a run that takes as long as planned; at 200 bytes each. */
const ROWS_WANTED_MAX = 3_600

export interface IntervalFacts {
  readonly phase: string
  readonly connections: number
  /** Running totals. */
  readonly attempted: number
  readonly established: number
  readonly failed: number
  readonly sent: number
  readonly received: number
  /** Encoded response times since the last call. */
  readonly latencies: readonly Uint8Array[]
  readonly host: HostSample
}

export interface IntervalLogOptions {
  readonly startUs: number
  readonly host: HostSample
  /** Of ramp, warm-up and steady state together. */
  readonly plannedMs: number
  readonly record?: RunRecord | undefined
}

/** One call of add(), for the progress line. */
export interface IntervalFigures {
  readonly sent: number
  readonly received: number
  readonly p50: number
  readonly p99: number
  /** 0: nothing was measured. */
  readonly max: number
}

export class IntervalLog {
  readonly rows: IntervalReport[] = []
  readonly #startUs: number
  readonly #spanUsMin: number
  readonly #record: RunRecord | undefined
  readonly #latest = new LatencyRecorder()
  readonly #ofRow = new LatencyRecorder()
  #last = { sent: 0, received: 0 }
  #rowStart: { readonly atUs: number; readonly sent: number; readonly received: number }
  #rowHost: HostSample
  #pending: IntervalFacts | null = null
  #pendingUs = 0

  constructor({ startUs, host, plannedMs, record }: IntervalLogOptions) {
    this.#startUs = startUs
    this.#rowHost = host
    this.#rowStart = { atUs: startUs, sent: 0, received: 0 }
    // Half a second of grace: a tick that comes a little early still ends its row.
    this.#spanUsMin = Math.max(0, Math.ceil(plannedMs / 1000 / ROWS_WANTED_MAX) - 0.5) * 1e6
    this.#record = record
  }

  /** Response times of the last interval; reused by the next. */
  get latest(): LatencyRecorder {
    return this.#latest
  }

  add(atUs: number, facts: IntervalFacts): IntervalFigures {
    const latest = this.#latest
    latest.reset()
    for (const encoded of facts.latencies) latest.mergeEncoded(encoded)
    this.#ofRow.merge(latest)
    const figures = {
      sent: facts.sent - this.#last.sent,
      received: facts.received - this.#last.received,
      ...quantilesOf(latest),
    }
    this.#last = facts
    this.#pending = facts
    this.#pendingUs = atUs
    if (atUs - this.#rowStart.atUs >= this.#spanUsMin) this.finish()
    return figures
  }

  /** Ends the row that is being filled, if there is one. */
  finish(): void {
    const facts = this.#pending
    if (facts === null) return
    const { sent, received, phase, attempted, established, failed } = facts
    const start = this.#rowStart
    const latency = coarseText(this.#ofRow)
    const row: IntervalReport = {
      at_ms: Math.round((this.#pendingUs - this.#startUs) / 1000),
      span_ms: Math.round((this.#pendingUs - start.atUs) / 1000),
      connections: facts.connections,
      sent: sent - start.sent,
      received: received - start.received,
      ...quantilesOf(this.#ofRow),
      ...(latency === null ? {} : { latency }),
      host: hostMoment(this.#rowHost, facts.host),
    }
    this.rows.push(row)
    const recorded: RecordedRow = { ...row, phase, attempted, established, failed }
    this.#record?.row(recorded, this.#ofRow)
    this.#ofRow.reset()
    this.#rowStart = { atUs: this.#pendingUs, sent, received }
    this.#rowHost = facts.host
    this.#pending = null
  }
}

/** As the progress of a run has them. */
export function ratesOf({ sent, received, p50, p99, max }: IntervalFigures, intervalMs: number) {
  const hasLatency = max > 0
  return {
    sentPerSecond: (sent * 1000) / intervalMs,
    receivedPerSecond: (received * 1000) / intervalMs,
    p50: hasLatency ? p50 : null,
    p99: hasLatency ? p99 : null,
  }
}

function quantilesOf(recorder: LatencyRecorder) {
  return {
    p50: recorder.valueAtPercentile(50),
    p99: recorder.valueAtPercentile(99),
    max: recorder.max,
  }
}

/** What happened between two samples. */
export function hostMoment(before: HostSample, after: HostSample): HostMoment {
  const { retransmits, listen_overflows, softnet_drops, cpu_percent } = deltaOf(before, after)
  const time_wait = after.gauges['time_wait'] ?? null
  return { time_wait, retransmits, listen_overflows, softnet_drops, cpu_percent }
}
