/**
 * The report of a run that never came to write one: built from the record that it wrote as it went.
 * What only the end of a run knows (what was planned, lost or late, pauses, doctor's findings) is
 * not in it, and the reasons of the verdict say so.
 */
import * as v from 'valibot'
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import {
  type GcSideReport,
  type HostCounters,
  type IntervalReport,
  METRIC_NAMES,
  type RunReport,
} from '../stats/run-report.ts'
import type { RecordedRow, RunHeader } from '../stats/run-record.ts'
import { parseHlog } from './interval-hlog.ts'
import { RECORD_SCHEMA } from './run-recording.ts'
import { intervalSchema, unreadable } from './run-report-file.ts'
import { sumOf } from './row-sums.ts'

const told = v.looseObject({
  started_at: v.string(),
  mode: v.string(),
  targets: v.array(v.string()),
  engine: v.string(),
  latency_metric: v.picklist(METRIC_NAMES),
  environment: v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
  plan: v.record(v.string(), v.unknown()),
})

const header = v.looseObject({ schema: v.literal(RECORD_SCHEMA), ...told.entries })

const recordedRow = v.looseObject({
  ...intervalSchema.entries,
  phase: v.string(),
  attempted: v.number(),
  established: v.number(),
  failed: v.number(),
})
type Header = v.InferOutput<typeof header>
type Row = v.InferOutput<typeof recordedRow>

export interface RecordTexts {
  /** intervals.ndjson */
  readonly rows: string
  /** intervals.hlog; empty where it is gone. */
  readonly hlog: string
  /** What the files are called in messages. */
  readonly source: string
}

/** @throws PushctlError PUSHCTL_FILE_UNREADABLE where there is not even a header */
export function partialReport({ rows: text, hlog, source }: RecordTexts): RunReport {
  const [first = '', ...rest] = text.split('\n')
  const head = headerOf(first, source)
  const rows = rest.map(rowOf).filter((row) => row !== null)
  const steady = rows.filter(({ phase }) => phase === 'steady')
  const isSteadyAt = new Set(steady.map(({ at_ms }) => at_ms))
  const latencies = new LatencyRecorder()
  for (const { endMs, hdr } of parseHlog(hlog)) {
    if (isSteadyAt.has(endMs)) latencies.merge(LatencyRecorder.fromBase64(hdr))
  }
  const durationMs = sumOf(steady, spanOf)
  const response = latencies.summary()
  const metric = { unit: 'us' as const, response, service: new LatencyRecorder().summary() }
  return {
    schema: 'pushctl.bench/1',
    started_at: head.started_at,
    duration_ms: durationMs,
    interrupted: true,
    partial: true,
    mode: head.mode,
    targets: head.targets,
    engine: head.engine,
    verdict: { value: 'SUSPECT', reasons: reasonsOf(rows, durationMs) },
    connections: connectionsOf(head, rows),
    messages: messagesOf(steady, durationMs),
    metrics: latencies.count === 0 ? {} : { [head.latency_metric]: metric },
    gc: { generator: UNKNOWN_SIDE, target: UNKNOWN_SIDE },
    host: hostOf(rows),
    hosts: [],
    memory: { generator_bytes_per_connection: null, target_bytes_per_connection: null },
    thresholds: [],
    environment: head.environment,
    plan: head.plan,
    intervals: rows.map(intervalOf),
  }
}

/** What a row of the record has beyond one of a report. */
const OF_RECORD = ['phase', 'attempted', 'established', 'failed'] as const
const UNKNOWN_SIDE: GcSideReport = { known: false, kinds: [], loop_lag: null }

function headerOf(line: string, source: string): Header {
  const parsed = v.safeParse(header, jsonOf(line))
  if (parsed.success) return parsed.output
  const { schema } = Object(jsonOf(line)) as { schema?: unknown }
  throw unreadable(
    source,
    typeof schema === 'string' && schema !== RECORD_SCHEMA
      ? `it is ${schema}, and this pushctl reads ${RECORD_SCHEMA}`
      : 'the run ended before it had written anything',
  )
}

/** What another host says at the beginning of its run; null: it is no header. */
export function recordedHeaderFrom(line: string): RunHeader | null {
  const parsed = v.safeParse(told, jsonOf(line))
  return parsed.success ? parsed.output : null
}

/** null for half a line, or one that something else wrote. */
export function recordedRowFrom(line: string): RecordedRow | null {
  return rowOf(line) as RecordedRow | null
}

function rowOf(line: string): Row | null {
  const parsed = v.safeParse(recordedRow, jsonOf(line))
  return parsed.success ? parsed.output : null
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function reasonsOf(rows: readonly Row[], durationMs: number): string[] {
  const last = rows.at(-1)
  const until =
    last === undefined
      ? 'it had written no interval yet'
      : `it had come to "${last.phase}", ${Math.round(last.at_ms / 1000)} s after its start`
  return [
    `partial: the run has written no report (killed, or it still goes on); ${until}`,
    durationMs === 0
      ? 'nothing of the measured time is in it'
      : `latencies and rates are of ${Math.round(durationMs / 1000)} s of the measured time; ` +
        'late, unsent, lost and duplicated messages are not known and stand as 0',
  ]
}

function connectionsOf({ plan }: Header, rows: readonly Row[]): RunReport['connections'] {
  const last = rows.at(-1)
  const { attempted = 0, established = 0, failed = 0, connections = 0 } = last ?? {}
  const ramp = rows.filter(({ phase }) => phase === 'connect')
  const rampMs = sumOf(ramp, spanOf)
  const { connections: requested = attempted } = plan as { connections?: number }
  return {
    requested,
    attempted,
    established,
    failed,
    alive_at_end: connections,
    connects_per_second: perSecond(ramp.at(-1)?.established ?? 0, rampMs),
    failures: [],
  }
}

function messagesOf(steady: readonly Row[], durationMs: number): RunReport['messages'] {
  const sent = sumOf(steady, (row) => row.sent)
  const received = sumOf(steady, (row) => row.received)
  return {
    planned: sent,
    sent,
    late: 0,
    unsent: 0,
    expected: received,
    received,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    sent_per_second: perSecond(sent, durationMs),
    received_per_second: perSecond(received, durationMs),
  }
}

/** Only what the rows have. */
function hostOf(rows: readonly Row[]): RunReport['host'] {
  const total = (name: 'retransmits' | 'listen_overflows' | 'softnet_drops'): number | null => {
    const values = rows.map(({ host }) => host?.[name] ?? null).filter((value) => value !== null)
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
  }
  const nothing: HostCounters = {
    time_wait: null,
    retransmits: null,
    listen_overflows: null,
    softnet_drops: null,
    cpu_percent: null,
  }
  const delta: HostCounters = {
    ...nothing,
    retransmits: total('retransmits'),
    listen_overflows: total('listen_overflows'),
    softnet_drops: total('softnet_drops'),
  }
  const after = { ...nothing, time_wait: rows.at(-1)?.host?.time_wait ?? null }
  return { before: nothing, after, delta, peaks: {} }
}

function intervalOf(recorded: Row): IntervalReport {
  const row: Partial<Row> = { ...recorded }
  for (const name of OF_RECORD) delete row[name]
  return row as IntervalReport
}

function spanOf({ span_ms = 1_000 }: Row): number {
  return span_ms
}

function perSecond(count: number, ms: number): number {
  return ms === 0 ? 0 : Math.round((count * 1e5) / ms) / 100
}
