/** What a report says of each host that a run was driven from, beside what all found together. */
import type { Verdict } from './run-report.ts'

export interface GeneratorReport {
  /** As --on named it. */
  readonly host: string
  /** What it calls itself; null: it never said. */
  readonly hostname: string | null
  /** Why it took no part, or was lost; null: it is in this report. */
  readonly failure: string | null
  /** The broadcasts of the run were pushed from here. */
  readonly sends_broadcasts: boolean
  readonly connections: {
    readonly requested: number
    readonly established: number
    readonly alive_at_end: number
  }
  readonly sent: number
  readonly received: number
  readonly lost: number
  /** Response time of messages; null: none came. */
  readonly p99_us: number | null
  readonly verdict: Verdict | null
  /**
   * So far its clock may be from what it was taken for; 0: it is this host's own; null: unknown.
   */
  readonly clock_error_us: number | null
  /** Broadcasts that came before they were sent, by more than the clocks can be wrong. */
  readonly latencies_refused: number
}
