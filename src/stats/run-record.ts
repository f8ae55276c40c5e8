/**
 * What a run says of itself while it goes on, so that a run that is killed still has a report:
 * loadgen tells, whoever holds the record writes it down at once.
 */
import type { LatencyRecorder } from './latency-recorder.ts'
import type { IntervalReport, MetricName, RunReport } from './run-report.ts'

/** Known before the first packet. */
export interface RunHeader
  extends Pick<RunReport, 'started_at' | 'mode' | 'targets' | 'engine' | 'environment' | 'plan'> {
  /** What the response times of the rows are the response times of. */
  readonly latency_metric: MetricName
}

/** Running totals beside what the report keeps of a row. */
export interface RecordedRow extends IntervalReport {
  /** connect, warm-up, steady, drain. */
  readonly phase: string
  readonly attempted: number
  readonly established: number
  readonly failed: number
}

/** Neither call may fail or wait: a run must not end because its record cannot be written. */
export interface RunRecord {
  begin(header: RunHeader): void
  /** @param latencies response times of the row; reused after the call. */
  row(row: RecordedRow, latencies: LatencyRecorder): void
}
