/**
 * The coordinator's end of the publisher thread. Its death is a failure of the publishing, not of
 * the run.
 */
import { type ShardLink, startShard } from '../engine/shard-host.ts'
import { errorFrom } from './shard-group.ts'
import type {
  PublisherDown,
  PublisherResult,
  PublisherSetup,
  PublisherUp,
  SteadyStage,
} from './shard-messages.ts'
import type { ThreadSoFar } from './thread-watch.ts'

export class PublisherLink {
  /** Measured pushes so far. */
  sent = 0
  /** Of those, so many later than they were due. */
  late = 0
  thread: ThreadSoFar | null = null
  result: PublisherResult | null = null
  /** Why publishing ended early. */
  error: Error | null = null
  readonly #link: ShardLink<PublisherDown, PublisherUp>
  readonly #onNews: () => void
  #isReady = false

  /** `onNews` is called after every message and at the end of the thread. */
  constructor(setup: PublisherSetup, onNews: () => void) {
    this.#onNews = onNews
    this.#link = startShard<PublisherDown, PublisherUp>({
      kind: 'thread',
      entry: 'loadgen-publisher',
      index: 0,
    })
    this.#link.onMessage((message) => this.#hear(message))
    this.#link.onExit((exit) => {
      if (this.result === null) this.error ??= exit.error ?? new Error('the publisher ended')
      this.#onNews()
    })
    this.#link.post({ kind: 'setup', setup })
  }

  /** Ready to publish, or known not to be. */
  get isSettled(): boolean {
    return this.#isReady || this.error !== null
  }

  get isDone(): boolean {
    return this.result !== null || this.error !== null
  }

  /** For so long the target took no pushes that were due, of the last step. */
  get blockedMs(): number {
    const { unicast, broadcast } = this.result ?? {}
    return Math.max(unicast?.blockedUs ?? 0, broadcast?.blockedUs ?? 0) / 1000
  }

  publish(stage: SteadyStage, failedConnections: Uint32Array): void {
    this.sent = 0
    this.late = 0
    this.result = null
    this.#link.post({ kind: 'publish', stage, failedConnections })
  }

  /** The stage ends at another time than it said. */
  extend(endUs: number): void {
    this.#link.post({ kind: 'extend', endUs })
  }

  /** No more pushes; the result follows. */
  finish(): void {
    this.#link.post({ kind: 'finish' })
  }

  kill(): Promise<void> {
    return this.#link.kill()
  }

  #progress({ sent, late, thread }: Extract<PublisherUp, { kind: 'progress' }>): void {
    this.sent = sent
    this.late = late
    this.thread = thread
  }

  #hear(message: PublisherUp): void {
    if (message.kind === 'ready') this.#isReady = true
    else if (message.kind === 'progress') this.#progress(message)
    else if (message.kind === 'published') this.result = message.result
    else this.error = errorFrom(message)
    this.#onNews()
  }
}
