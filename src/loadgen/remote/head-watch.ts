/**
 * The head's eyes on a part of its run: counts whenever it asks, for whoever watches the target,
 * and the rows of the record, which the head writes down.
 */
import type { LatencyRecorder } from '../../stats/latency-recorder.ts'
import type { RecordedRow, RunHeader, RunRecord } from '../../stats/run-record.ts'
import type { TargetWatch, WatchedRun } from '../run-hooks.ts'
import type { HeadLink } from './head-link.ts'

/** Shards need a moment to say how they stand; whoever asked waits for twice as long. */
const ANSWER_MS = 10

export class HeadWatch implements TargetWatch {
  readonly #head: HeadLink
  #run: WatchedRun | null = null

  constructor(head: HeadLink) {
    this.#head = head
    head.onAsk = () => {
      this.#run?.ask()
      setTimeout(() => this.tell(), ANSWER_MS).unref()
    }
  }

  async start(run: WatchedRun): Promise<void> {
    this.#run = run
  }

  async stop(): Promise<void> {}

  tell(): void {
    const run = this.#run
    if (run === null) return
    const { atMs: _, ...moment } = run.moment()
    this.#head.send({ type: 'moment', generatorBytes: run.generatorBytes(), ...moment })
  }
}

export class HeadRecord implements RunRecord {
  readonly #head: HeadLink

  constructor(head: HeadLink) {
    this.#head = head
  }

  begin(header: RunHeader): void {
    this.#head.send({ type: 'header', header: JSON.stringify(header) })
  }

  row(row: RecordedRow, latencies: LatencyRecorder): void {
    const text = latencies.count === 0 ? '' : latencies.toBase64()
    this.#head.send({ type: 'row', row: JSON.stringify(row), latencies: text })
  }
}
