/**
 * Failures by phase × cause × source address, with the first time and one sample each: a thousand
 * refused connections are one row that says so, and an address whose ports are used up stands out.
 * Causes come from a small set (errno names, BYE codes, fault names), so the table stays small;
 * beyond ROWS_MAX the rest is counted as "other", because a hostile target must not be able to fill
 * our memory.
 */
import type { FailureReport } from '../stats/run-report.ts'

const ROWS_MAX = 500

export interface FailureRow {
  readonly phase: string
  readonly cause: string
  /** Address that was connected from; "" where the kernel chose it, or none was. */
  readonly source: string
  count: number
  firstUs: number
  sample: string
}

export class FailureTally {
  readonly #rows = new Map<string, FailureRow>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** `sampleOf` is asked only for the first of its kind. */
  add(
    phase: string,
    cause: string,
    source: string,
    atUs: number,
    sampleOf: () => string = () => '',
  ): void {
    this.#count += 1
    const row = this.#rowOf(phase, cause, source)
    if (row.count === 0) {
      row.firstUs = atUs
      row.sample = sampleOf()
    }
    row.count += 1
  }

  addRows(rows: readonly FailureRow[]): void {
    for (const row of rows) {
      const mine = this.#rowOf(row.phase, row.cause, row.source)
      if (mine.count === 0 || row.firstUs < mine.firstUs) {
        mine.firstUs = row.firstUs
        mine.sample = row.sample
      }
      mine.count += row.count
      this.#count += row.count
    }
  }

  rows(): FailureRow[] {
    return [...this.#rows.values()].sort((a, b) => b.count - a.count || a.firstUs - b.firstUs)
  }

  report(startUs: number): FailureReport[] {
    return this.rows().map(({ phase, cause, source, count, firstUs, sample }) => ({
      phase,
      cause,
      ...(source === '' ? {} : { source }),
      count,
      first_ms: Math.max(0, Math.round((firstUs - startUs) / 1000)),
      sample,
    }))
  }

  #rowOf(phase: string, cause: string, source: string): FailureRow {
    const key = `${phase} ${source} ${cause}`
    const known = this.#rows.get(key)
    if (known) return known
    if (this.#rows.size >= ROWS_MAX && cause !== 'other') return this.#rowOf(phase, 'other', '')
    const row = { phase, cause, source, count: 0, firstUs: 0, sample: '' }
    this.#rows.set(key, row)
    return row
  }
}
