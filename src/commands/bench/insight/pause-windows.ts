/**
 * Pauses of a runtime that tells only counters: how many, and how long together, between two
 * readings. One pause in a window is known exactly; of several each is taken for their mean, or one
 * for the longest where the runtime has just told a new one. When a pause was is known to within
 * the window, which is enough to lay it beside a spike.
 */
import type { CollectionReading } from '../../../doctor/runtimes/runtime-reading.ts'
import { longestInOrder } from '../../../stats/gc-recorder.ts'
import { LatencyRecorder } from '../../../stats/latency-recorder.ts'
import type { GcSideReport, TimedPause } from '../../../stats/run-report.ts'

/** A page may name its kinds as it likes, and as many. */
const KINDS_MAX = 16
const KIND_CHARACTERS_MAX = 60
/** Shorter pauses explain no spike that anybody looks for. */
const PLACED_US_MIN = 1_000
const PLACED_MAX = 512
/** More in one window are a counter that was set, not pauses. */
const PAUSES_MAX = 100_000

interface KindRows {
  readonly pauses: LatencyRecorder
  placed: TimedPause[]
  longestSeconds: number
}

export class PauseWindows {
  readonly #kinds = new Map<string, KindRows>()

  /** What was collected in the window that began at `fromMs` of the run. */
  add(fromMs: number, windowMs: number, collections: readonly CollectionReading[]): void {
    for (const { kind, pausesPerSecond, timeShare, longestSeconds } of collections) {
      const rows = this.#rowsOf(kind.slice(0, KIND_CHARACTERS_MAX))
      if (rows === null) continue
      const count = Math.round(((pausesPerSecond ?? 0) * windowMs) / 1000)
      const totalUs = Math.min((timeShare ?? 0) * windowMs * 1000, windowMs * 1000 * count)
      const isNew = longestSeconds !== null && longestSeconds > rows.longestSeconds
      rows.longestSeconds = longestSeconds ?? 0
      if (count < 1 || count > PAUSES_MAX || !(totalUs > 0)) continue
      const longestUs = isNew ? (longestSeconds ?? 0) * 1e6 : 0
      this.#record(rows, fromMs, windowMs, count, totalUs, longestUs)
    }
  }

  /** null: the runtime named no collection. */
  report(): GcSideReport | null {
    if (this.#kinds.size === 0) return null
    const kinds = [...this.#kinds].map(([kind, { pauses, placed }]) => ({
      kind,
      pauses: pauses.summary(),
      longest: longestInOrder(placed),
      counted: true,
    }))
    return { known: true, kinds, loop_lag: null }
  }

  #rowsOf(kind: string): KindRows | null {
    const known = this.#kinds.get(kind)
    if (known !== undefined || this.#kinds.size >= KINDS_MAX) return known ?? null
    const rows = { pauses: new LatencyRecorder(), placed: [], longestSeconds: Infinity }
    this.#kinds.set(kind, rows)
    return rows
  }

  #record(
    rows: KindRows,
    fromMs: number,
    windowMs: number,
    count: number,
    totalUs: number,
    toldUs: number,
  ): void {
    const mean = totalUs / count
    // What was told may be of an earlier window, or of a histogram's coarse bucket.
    const longestUs = toldUs >= mean && toldUs <= totalUs ? toldUs : mean
    const restUs = count === 1 ? 0 : (totalUs - longestUs) / (count - 1)
    rows.pauses.recordUs(Math.max(1, longestUs))
    if (count > 1) rows.pauses.recordUsCount(Math.max(1, restUs), count - 1)
    if (longestUs < PLACED_US_MIN) return
    const at_ms = Math.round(fromMs)
    rows.placed.push({ at_ms, us: Math.round(longestUs), within_ms: Math.round(windowMs) })
    if (rows.placed.length >= 2 * PLACED_MAX) {
      rows.placed = rows.placed.toSorted((a, b) => b.us - a.us).slice(0, PLACED_MAX)
    }
  }
}
