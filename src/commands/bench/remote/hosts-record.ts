/**
 * The record of a run on several hosts, kept by the head while it goes on: a row of all hosts
 * whenever each has told one, so that a head that is killed leaves what a killed run on one host
 * does. A host that is lost keeps what it had sent and received, and has no connections any more.
 */
import { recordedHeaderFrom, recordedRowFrom } from '../../../report/partial-report.ts'
import { joinedHost } from '../../../report/interval-merge.ts'
import { sharedValues } from '../../../report/report-merge.ts'
import { coarseText } from '../../../stats/coarse-buckets.ts'
import { nowUs } from '../../../stats/clock.ts'
import { LatencyRecorder } from '../../../stats/latency-recorder.ts'
import type { RecordedRow, RunHeader, RunRecord } from '../../../stats/run-record.ts'
import type { RowMessage } from '../../../loadgen/remote/course-messages.ts'
import type { RecordListener } from '../../../loadgen/remote/host-group.ts'
import type { HostState } from '../../../loadgen/remote/host-state.ts'
import { PHASES } from './hosts-progress.ts'

/** So many rows of one host are not kept waiting for those of another. */
const WAITING_ROWS_MAX = 3

interface HostRows {
  header: RunHeader | null
  last: RecordedRow | null
  waiting: RecordedRow[]
}

export class HostsRecord implements RecordListener {
  readonly startedAtMs = Date.now()
  readonly #record: RunRecord
  readonly #parts: () => readonly HostState[]
  readonly #hosts = new Map<HostState, HostRows>()
  readonly #latencies = new LatencyRecorder()
  readonly #startUs = nowUs()
  #lastMs = 0
  #hasBegun = false

  /** @param parts hosts that have a share, lost ones too */
  constructor(record: RunRecord, parts: () => readonly HostState[]) {
    this.#record = record
    this.#parts = parts
  }

  onHeader(state: HostState, text: string): void {
    this.#rowsOf(state).header = recordedHeaderFrom(text)
  }

  onRow(state: HostState, { row: text, latencies }: RowMessage): void {
    const row = recordedRowFrom(text)
    if (row === null) return
    const own = this.#rowsOf(state)
    own.last = row
    own.waiting.push(row)
    this.#addLatencies(latencies)
    if (this.#isDue(own)) this.flush()
  }

  /** Once all have said what they are about to do. */
  begin(connections: number): void {
    const told = this.#parts().flatMap((state) => {
      const { header } = this.#rowsOf(state)
      return header === null ? [] : [{ name: state.name, header }]
    })
    const [first] = told
    if (first === undefined) return
    const headers = told.map(({ header }) => header)
    this.#record.begin({
      ...first.header,
      started_at: new Date(this.startedAtMs).toISOString(),
      targets: [...new Set(headers.flatMap(({ targets }) => targets))],
      engine: [...new Set(headers.map(({ engine }) => engine))].join(', '),
      environment: sharedValues(headers.map(({ environment }) => environment)),
      plan: {
        headline: `${told.length} hosts, the first: ${String(first.header.plan['headline'])}`,
        connections,
        schedule: first.header.plan['schedule'],
        merged: told.map(({ name, header }) => ({ name, plan: header.plan })),
      },
    })
    this.#hasBegun = true
  }

  /** Writes what waits as one row. */
  flush(): void {
    const all = [...this.#hosts].map(([state, rows]) => ({ state, ...rows }))
    const rows = all.flatMap(({ waiting }) => waiting)
    if (!this.#hasBegun || rows.length === 0) return
    const atMs = Math.round((nowUs() - this.#startUs) / 1000)
    const latencies = this.#latencies
    const latency = coarseText(latencies)
    const moments = rows.flatMap(({ host }) => host ?? [])
    const total = (name: 'attempted' | 'established' | 'failed'): number =>
      all.reduce((sum, { last }) => sum + (last?.[name] ?? 0), 0)
    this.#record.row(
      {
        at_ms: atMs,
        span_ms: atMs - this.#lastMs,
        phase: phaseOf(all.flatMap(({ waiting }) => waiting.at(-1) ?? [])),
        connections: all.reduce(
          (sum, { state, last }) => sum + (state.lost === null ? (last?.connections ?? 0) : 0),
          0,
        ),
        attempted: total('attempted'),
        established: total('established'),
        failed: total('failed'),
        sent: rows.reduce((sum, { sent }) => sum + sent, 0),
        received: rows.reduce((sum, { received }) => sum + received, 0),
        p50: latencies.valueAtPercentile(50),
        p99: latencies.valueAtPercentile(99),
        max: latencies.max,
        ...(latency === null ? {} : { latency }),
        ...(moments.length === 0 ? {} : { host: joinedHost(moments) }),
      },
      latencies,
    )
    this.#lastMs = atMs
    latencies.reset()
    for (const own of this.#hosts.values()) own.waiting = []
  }

  #isDue({ waiting }: HostRows): boolean {
    if (waiting.length >= WAITING_ROWS_MAX) return true
    const going = this.#parts().filter(({ lost, result }) => lost === null && result === null)
    return going.every((state) => this.#rowsOf(state).waiting.length > 0)
  }

  #addLatencies(text: string): void {
    if (text === '') return
    try {
      this.#latencies.merge(LatencyRecorder.fromBase64(text))
    } catch {
      // Counts of a row that nobody can read are missing in the record, and in nothing else.
    }
  }

  #rowsOf(state: HostState): HostRows {
    let rows = this.#hosts.get(state)
    if (rows === undefined) {
      rows = { header: null, last: null, waiting: [] }
      this.#hosts.set(state, rows)
    }
    return rows
  }
}

/** That of the slowest host. */
function phaseOf(rows: readonly RecordedRow[]): string {
  const places = rows.map(({ phase }) => PHASES.findIndex((name) => name === phase))
  return PHASES[Math.max(0, Math.min(...places))]
}
