/**
 * What a program says of its own pauses, whatever its runtime: each file beside this one reads the
 * names of one runtime. Counters are moves between two readings, where there are two.
 */
import type { MetricSeries, MetricTable } from '../parsers/prometheus-text.ts'

export interface RuntimeReading {
  /** "Node", "JVM", "Go", "pushctl". */
  readonly runtime: string
  readonly collections: readonly CollectionReading[]
  readonly loopLag: LagReading | null
  readonly heapUsedBytes: number | null
  /** What the heap may grow to, or has grown to; null where the runtime does not say. */
  readonly heapSizeBytes: number | null
  /** Threads of a JVM, goroutines of Go. */
  readonly tasks: { readonly name: string; readonly count: number } | null
}

/** Garbage collection of one kind. */
export interface CollectionReading {
  readonly kind: string
  readonly pausesPerSecond: number | null
  /** Share of the window spent paused, 0 … 1. */
  readonly timeShare: number | null
  /** Longest pause, as far back as the runtime remembers; null where it does not say. */
  readonly longestSeconds: number | null
}

export interface LagReading {
  readonly p99Seconds: number | null
  readonly longestSeconds: number | null
}

export interface MetricPair {
  /** null: read once only, then nothing is told of rates. */
  readonly before: MetricTable | null
  readonly after: MetricTable
  readonly windowMs: number
}

export type LabelFilter = Readonly<Record<string, string>>

/** Sum of the series that have these labels; null when there is none. */
export function sumOf(table: MetricTable, name: string, labels: LabelFilter = {}): number | null {
  const rows = (table.get(name) ?? []).filter((row) => fits(row, labels) && isFinite(row))
  return rows.length === 0 ? null : rows.reduce((sum, { value }) => sum + value, 0)
}

/** Largest of the series that have these labels. */
export function largestOf(
  table: MetricTable,
  name: string,
  labels: LabelFilter = {},
): number | null {
  const rows = (table.get(name) ?? []).filter((row) => fits(row, labels) && isFinite(row))
  return rows.length === 0 ? null : Math.max(...rows.map(({ value }) => value))
}

/** Move of a counter; null where it restarted, or was read once. */
export function moveOf(pair: MetricPair, name: string, labels: LabelFilter = {}): number | null {
  const after = sumOf(pair.after, name, labels)
  const before = pair.before === null ? null : (sumOf(pair.before, name, labels) ?? 0)
  return after === null || before === null || after < before ? null : after - before
}

/** Values of one label over the series of a metric. */
export function labelValues(table: MetricTable, name: string, label: string): string[] {
  return [...new Set((table.get(name) ?? []).flatMap(({ labels }) => labels[label] ?? []))]
}

/** A collection from the pair of counters that every runtime has: pauses, and seconds in them. */
export function collectionOf(
  pair: MetricPair,
  names: { readonly count: string; readonly sum: string },
  kind: string,
  labels: LabelFilter,
  longestSeconds: number | null,
): CollectionReading {
  const seconds = pair.windowMs / 1_000
  const pauses = moveOf(pair, names.count, labels)
  const paused = moveOf(pair, names.sum, labels)
  return {
    kind,
    pausesPerSecond: pauses === null || seconds <= 0 ? null : pauses / seconds,
    timeShare: paused === null || seconds <= 0 ? null : paused / seconds,
    longestSeconds,
  }
}

function fits({ labels }: MetricSeries, wanted: LabelFilter): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}

function isFinite({ value }: MetricSeries): boolean {
  return Number.isFinite(value)
}
