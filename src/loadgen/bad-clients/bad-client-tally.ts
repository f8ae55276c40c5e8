/**
 * What happened to bad clients, by kind: counts, and each end by what it was called, with how long
 * the client had been there: the shortest and the longest exactly, all others by four digits, so
 * that a row is bounded however long a run is.
 */
import { endTimesOf } from '../../stats/end-times.ts'
import { LatencyRecorder } from '../../stats/latency-recorder.ts'
import type { BadClientEndReport, BadClientReport, EndTimesReport } from '../../stats/run-report.ts'
import { BAD_CLIENT_KINDS, type BadClientKind } from './bad-client-kinds.ts'

/** Names of ends come from a small set; a hostile target must not fill our memory. */
const CAUSES_MAX = 50
/** More than a histogram of a report keeps. */
const TIME_DIGITS = 4

export interface BadClientEnds {
  count: number
  minMs: number
  maxMs: number
  /** Of each time in milliseconds. */
  readonly counts: Map<number, number>
}

/** Plain, may be posted. */
export interface BadClientCounts {
  readonly kind: BadClientKind
  wanted: number
  connected: number
  failed: number
  aliveAtEnd: number
  received: number
  dropped: number
  cameBack: number
  readonly ends: Map<string, BadClientEnds>
}

export function emptyCounts(): BadClientCounts[] {
  return BAD_CLIENT_KINDS.map((kind) => ({
    kind,
    wanted: 0,
    connected: 0,
    failed: 0,
    aliveAtEnd: 0,
    received: 0,
    dropped: 0,
    cameBack: 0,
    ends: new Map(),
  }))
}

/** @param afterMs from the connection to its end */
export function noteEnd({ ends }: BadClientCounts, cause: string, afterMs: number): void {
  const row = endsOf(ends, cause)
  row.count += 1
  row.minMs = Math.min(row.minMs, afterMs)
  row.maxMs = Math.max(row.maxMs, afterMs)
  addTimes(row, Number(Math.round(afterMs).toPrecision(TIME_DIGITS)), 1)
}

/** Of all parts together, kinds that nobody asked for left out. */
export function badClientReports(parts: readonly (readonly BadClientCounts[])[]) {
  const all = emptyCounts()
  for (const [at, total] of all.entries()) {
    for (const part of parts) addCounts(total, part[at])
  }
  return all.filter(({ wanted }) => wanted > 0).map(reportOf)
}

function addCounts(total: BadClientCounts, part: BadClientCounts): void {
  total.wanted += part.wanted
  total.connected += part.connected
  total.failed += part.failed
  total.aliveAtEnd += part.aliveAtEnd
  total.received += part.received
  total.dropped += part.dropped
  total.cameBack += part.cameBack
  for (const [cause, { count, minMs, maxMs, counts }] of part.ends) {
    const row = endsOf(total.ends, cause)
    row.count += count
    row.minMs = Math.min(row.minMs, minMs)
    row.maxMs = Math.max(row.maxMs, maxMs)
    for (const [ms, times] of counts) addTimes(row, ms, times)
  }
}

function reportOf(counts: BadClientCounts): BadClientReport {
  const ends: BadClientEndReport[] = [...counts.ends]
    .map(([cause, row]) => ({ cause, count: row.count, after_ms: timesOf(row) }))
    .sort((one, other) => other.count - one.count)
  return {
    kind: counts.kind,
    wanted: counts.wanted,
    connected: counts.connected,
    failed: counts.failed,
    cut: ends.reduce((sum, { count }) => sum + count, 0),
    alive_at_end: counts.aliveAtEnd,
    received: counts.received,
    ...(counts.kind === 'dropper' ? { dropped: counts.dropped, came_back: counts.cameBack } : {}),
    ends,
  }
}

function timesOf({ minMs, maxMs, counts }: BadClientEnds): EndTimesReport {
  const times = new LatencyRecorder()
  for (const [ms, count] of counts) times.recordUsCount(ms, count)
  return endTimesOf(times, minMs, maxMs)
}

function addTimes({ counts }: BadClientEnds, ms: number, count: number): void {
  counts.set(ms, (counts.get(ms) ?? 0) + count)
}

function endsOf(ends: Map<string, BadClientEnds>, cause: string): BadClientEnds {
  const name = ends.has(cause) || ends.size < CAUSES_MAX ? cause : 'other'
  let row = ends.get(name)
  if (row === undefined) {
    row = { count: 0, minMs: Number.POSITIVE_INFINITY, maxMs: 0, counts: new Map() }
    ends.set(name, row)
  }
  return row
}
