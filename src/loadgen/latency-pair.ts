/** A latency by both counts: from the intended time (response) and from the write (service). */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { MetricReport } from '../stats/run-report.ts'

export class LatencyPair {
  readonly response = new LatencyRecorder()
  readonly service = new LatencyRecorder()
  /** What was due earlier is not recorded. */
  fromUs = 0

  recordUs(now: number, intendedUs: number, writtenUs: number): void {
    if (intendedUs < this.fromUs) return
    this.response.recordUs(now - intendedUs)
    this.service.recordUs(now - writtenUs)
  }

  reset(): void {
    this.response.reset()
    this.service.reset()
  }

  report(): MetricReport {
    return { unit: 'us', response: this.response.summary(), service: this.service.summary() }
  }
}
