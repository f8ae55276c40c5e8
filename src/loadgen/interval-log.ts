/**
 * One row a second of a run: connections, rates, latency of that second. Also what the progress
 * line shows.
 */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { IntervalReport } from '../stats/run-report.ts'

export interface IntervalFacts {
  readonly connections: number
  /** Running totals. */
  readonly sent: number
  readonly received: number
  /** Encoded response times since the last row. */
  readonly latencies: readonly Uint8Array[]
}

export class IntervalLog {
  readonly rows: IntervalReport[] = []
  readonly #startUs: number
  readonly #merged = new LatencyRecorder()
  #lastSent = 0
  #lastReceived = 0

  constructor(startUs: number) {
    this.#startUs = startUs
  }

  /** `sent` and `received` of the row are of the interval. */
  add(atUs: number, facts: IntervalFacts): IntervalReport {
    const merged = this.#merged
    merged.reset()
    for (const encoded of facts.latencies) merged.mergeEncoded(encoded)
    const hasLatency = merged.count > 0
    const row = {
      at_ms: Math.round((atUs - this.#startUs) / 1000),
      connections: facts.connections,
      sent: facts.sent - this.#lastSent,
      received: facts.received - this.#lastReceived,
      p50: hasLatency ? merged.valueAtPercentile(50) : 0,
      p99: hasLatency ? merged.valueAtPercentile(99) : 0,
      max: hasLatency ? merged.valueAtPercentile(100) : 0,
    }
    this.#lastSent = facts.sent
    this.#lastReceived = facts.received
    this.rows.push(row)
    return row
  }
}
