/**
 * The pauses of all threads of the node as one report. Putting their histograms together and
 * writing them down takes the main thread some ms, as long as hundreds of pushes, so that is done
 * at most once a second; who asks again meanwhile gets the same, with its times as of now.
 */
import type { GcSideReport } from '../stats/run-report.ts'

const FRESH_MS = 1_000

export class GcReport {
  #report: GcSideReport | null = null
  #madeAtMs = 0

  /** `merge` makes a new one; its times of pauses count from the moment of the call. */
  read(nowMs: number, merge: () => GcSideReport): GcSideReport {
    const ageMs = nowMs - this.#madeAtMs
    if (this.#report !== null && ageMs < FRESH_MS) return aged(this.#report, ageMs)
    this.#report = merge()
    this.#madeAtMs = nowMs
    return this.#report
  }
}

function aged(report: GcSideReport, ageMs: number): GcSideReport {
  const passedMs = Math.round(ageMs)
  const kinds = report.kinds.map((row) => ({
    ...row,
    longest: row.longest?.map(({ at_ms, us }) => ({ at_ms: at_ms - passedMs, us })),
  }))
  return { ...report, kinds } as GcSideReport
}
