/**
 * Pauses of this thread's garbage collector, one distribution per kind. A worker thread has a heap
 * and a collector of its own, so each shard runs one recorder and the main thread merges what they
 * send; mergeGcSnapshots loses nothing. Costs a performance entry per collection, which Node hands
 * over in the next turn of the loop.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { nowUs } from './clock.ts'
import { LatencyRecorder } from './latency-recorder.ts'
import { LongestPauses } from './longest-pauses.ts'
import type { GcPauseReport, TimedPause } from './run-report.ts'

/** Of all threads together, in a report. */
const REPORTED_MAX = 256

/** Plain bytes: may be posted to another thread or process. */
export interface GcSnapshot {
  readonly kind: string
  readonly encoded: Uint8Array
  /** Start and length in µs, pair by pair, of the longest ones. */
  readonly longest: Float64Array
}

interface KindRecord {
  readonly pauses: LatencyRecorder
  readonly longest: LongestPauses
}

/** Pauses by kind. */
export type GcPauses = ReadonlyMap<string, KindRecord>

const KIND_NAMES = new Map<number, string>([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])
/** v8::GCType 2, the minor mark-sweep of newer engines, for which Node has no constant. */
const MINOR_MARK_SWEEP = 2

/** What Node hands over for 'gc'; @types/node has no `detail` on the base entry. */
interface GcEntry extends PerformanceEntry {
  readonly detail?: { readonly kind?: number }
}

export class GcRecorder {
  #kinds = new Map<string, KindRecord>()
  readonly #observer = new PerformanceObserver((list) => this.#recordAll(list.getEntries()))
  #running = false

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** What was recorded stays readable. */
  stop(): void {
    if (!this.#running) return
    this.#recordAll(this.#observer.takeRecords())
    this.#observer.disconnect()
    this.#running = false
  }

  /** Cumulative since start (or the last take), a row for each kind that occurred. */
  snapshot(): GcSnapshot[] {
    if (this.#running) this.#recordAll(this.#observer.takeRecords())
    return snapshotsOf(this.#kinds)
  }

  /** Count and longest of all kinds since start (or the last take). */
  standing(): { readonly count: number; readonly usMax: number } {
    if (this.#running) this.#recordAll(this.#observer.takeRecords())
    let [count, usMax] = [0, 0]
    for (const { pauses } of this.#kinds.values()) {
      count += pauses.count
      usMax = Math.max(usMax, pauses.max)
    }
    return { count, usMax }
  }

  /**
   * What was recorded; what comes counts anew. Nothing is encoded yet: a hundred shards do this in
   * the same moment, at the beginning of what is measured.
   */
  take(): GcPauses {
    if (this.#running) this.#recordAll(this.#observer.takeRecords())
    const taken = this.#kinds
    this.#kinds = new Map()
    return taken
  }

  #recordAll(entries: readonly PerformanceEntry[]): void {
    // Entries count from the start of their thread, everything else from that of the host.
    const threadStartUs = nowUs() - performance.now() * 1000
    for (const entry of entries) {
      const kind = gcKindName((entry as GcEntry).detail?.kind)
      let record = this.#kinds.get(kind)
      if (!record) {
        record = { pauses: new LatencyRecorder(), longest: new LongestPauses() }
        this.#kinds.set(kind, record)
      }
      const lengthUs = entry.duration * 1000
      // A weak callback may take less than the histogram's 1 µs; that is no fault of the clock.
      record.pauses.recordUs(Math.max(1, lengthUs))
      record.longest.add(threadStartUs + entry.startTime * 1000, lengthUs)
    }
  }
}

export function snapshotsOf(kinds: GcPauses): GcSnapshot[] {
  return [...kinds].map(([kind, { pauses, longest }]) => ({
    kind,
    encoded: pauses.encode(),
    longest: longest.pairs(),
  }))
}

function gcKindName(kind: number | undefined): string {
  if (kind === MINOR_MARK_SWEEP) return 'minor'
  return KIND_NAMES.get(kind ?? -1) ?? `kind ${kind}`
}

/**
 * The snapshots of all shards as the rows of a report, in order of kind. Times of pauses count from
 * `originUs`; without one, from now: whoever is asked from another host says how long ago it was.
 */
export function mergeGcSnapshots(
  snapshots: readonly GcSnapshot[],
  originUs = nowUs(),
): GcPauseReport[] {
  const merged = new Map<string, { pauses: LatencyRecorder; longest: TimedPause[] }>()
  for (const { kind, encoded, longest } of snapshots) {
    let row = merged.get(kind)
    if (!row) merged.set(kind, (row = { pauses: new LatencyRecorder(), longest: [] }))
    row.pauses.mergeEncoded(encoded)
    for (let at = 0; at < longest.length; at += 2) {
      const atMs = Math.round((longest[at] - originUs) / 1000)
      row.longest.push({ at_ms: atMs, us: Math.round(longest[at + 1]) })
    }
  }
  return [...merged]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, { pauses, longest }]) => ({
      kind,
      pauses: pauses.summary(),
      longest: longestInOrder(longest),
    }))
}

/** In order of time; of more than a report takes, the longest. */
export function longestInOrder(pauses: readonly TimedPause[]): TimedPause[] {
  return pauses
    .toSorted((a, b) => b.us - a.us)
    .slice(0, REPORTED_MAX)
    .toSorted((a, b) => a.at_ms - b.at_ms)
}
