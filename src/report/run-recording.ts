/**
 * The record of a run in its --out folder while it goes on: intervals.ndjson (a header, then a row
 * per interval) and intervals.hlog (the latencies of each). Each row is in the kernel's hands
 * before the next is made, so even `kill -9` leaves a report that ends some seconds early. Written
 * at once and not awaited: 2 KB a row, at most one a second. A disk that fills up ends the record,
 * not the run.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { RecordedRow, RunHeader, RunRecord } from '../stats/run-record.ts'
import { hlogHead, hlogLine } from './interval-hlog.ts'

export const ROWS_FILE = 'intervals.ndjson'
export const HLOG_FILE = 'intervals.hlog'
export const RECORD_SCHEMA = 'pushctl.bench-record/1'

export class RunRecording implements RunRecord {
  readonly #folder: string
  #rows = -1
  #hlog = -1
  #failure: Error | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Why the record ended before the run did. */
  get failure(): Error | null {
    return this.#failure
  }

  begin(header: RunHeader): void {
    this.#attempt(() => {
      this.#rows = openSync(join(this.#folder, ROWS_FILE), 'w')
      this.#hlog = openSync(join(this.#folder, HLOG_FILE), 'w')
      writeSync(this.#hlog, hlogHead(header.started_at, header.latency_metric))
      writeSync(this.#rows, `${JSON.stringify({ schema: RECORD_SCHEMA, ...header })}\n`)
    })
  }

  row(row: RecordedRow, latencies: LatencyRecorder): void {
    this.#attempt(() => {
      if (latencies.count > 0) {
        writeSync(this.#hlog, hlogLine(row.at_ms, row.span_ms ?? 1_000, latencies))
      }
      writeSync(this.#rows, `${JSON.stringify(row)}\n`)
    })
  }

  close(): void {
    for (const fd of [this.#rows, this.#hlog]) if (fd >= 0) closeSync(fd)
    this.#rows = -1
    this.#hlog = -1
  }

  #attempt(write: () => void): void {
    if (this.#failure !== null) return
    try {
      write()
    } catch (error) {
      this.#failure = error as Error
    }
  }
}
