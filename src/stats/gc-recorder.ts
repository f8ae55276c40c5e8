/**
 * Pauses of this thread's garbage collector, one distribution per kind. A worker thread has a heap
 * and a collector of its own, so each shard runs one recorder and the main thread merges what they
 * send; mergeGcSnapshots loses nothing. Costs a performance entry per collection, which Node hands
 * over in the next turn of the loop.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { LatencyRecorder } from './latency-recorder.ts'
import type { GcPauseReport } from './run-report.ts'

/** Plain bytes: may be posted to another thread or process. */
export interface GcSnapshot {
  readonly kind: string
  readonly encoded: Uint8Array
}

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
  readonly #recorders = new Map<string, LatencyRecorder>()
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

  /** Cumulative since start (or reset), a row for each kind that occurred. */
  snapshot(): GcSnapshot[] {
    if (this.#running) this.#recordAll(this.#observer.takeRecords())
    return [...this.#recorders].map(([kind, recorder]) => ({ kind, encoded: recorder.encode() }))
  }

  /** Forgets everything, e.g. when the warm-up ends. */
  reset(): void {
    if (this.#running) this.#observer.takeRecords()
    this.#recorders.clear()
  }

  #recordAll(entries: readonly PerformanceEntry[]): void {
    for (const entry of entries) {
      const kind = gcKindName((entry as GcEntry).detail?.kind)
      let recorder = this.#recorders.get(kind)
      if (!recorder) this.#recorders.set(kind, (recorder = new LatencyRecorder()))
      // A weak callback may take less than the histogram's 1 µs; that is no fault of the clock.
      recorder.recordUs(Math.max(1, entry.duration * 1000))
    }
  }
}

function gcKindName(kind: number | undefined): string {
  if (kind === MINOR_MARK_SWEEP) return 'minor'
  return KIND_NAMES.get(kind ?? -1) ?? `kind ${kind}`
}

/** The snapshots of all shards as the rows of a report, in order of kind. */
export function mergeGcSnapshots(snapshots: readonly GcSnapshot[]): GcPauseReport[] {
  const merged = new Map<string, LatencyRecorder>()
  for (const { kind, encoded } of snapshots) {
    const recorder = merged.get(kind)
    if (recorder) recorder.mergeEncoded(encoded)
    else merged.set(kind, LatencyRecorder.decode(encoded))
  }
  return [...merged]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, recorder]) => ({ kind, pauses: recorder.summary() }))
}
