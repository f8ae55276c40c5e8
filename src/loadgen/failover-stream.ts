/**
 * The stream of a publisher to a cluster: where its node goes away it is opened again through the
 * next one that is ready, and what was not answered is sent again. That doubles nothing where
 * pushes are stored, because each has an idempotency key; others are sent again only where the node
 * said that it had not read them, and are unanswered otherwise. Meanwhile it takes no more, so what
 * is due becomes late. Its cost: pushes are kept until they are answered.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { PushctlError } from '../errors/pushctl-error.ts'
import { BatchStream, type BatchStreamEvents } from './batch-stream.ts'
import type { PublishStream } from './target/publish/publish-wire.ts'

const LOOK_MS = 100
const LOOK_LIMIT_MS = 1_000
/** No node was ready for so long: there is nobody to push to. */
const GIVE_UP_MS = 60_000
const NEWLINE = 0x0a

export interface FailoverOptions {
  /** HTTP APIs of the nodes; the first one is tried first. */
  readonly urls: readonly string[]
  readonly adminToken: string | null
  /** Pushes have idempotency keys that all nodes know. */
  readonly isRepeatable: boolean
}

interface Kept {
  readonly chunk: Buffer
  readonly pushes: number
}

export class FailoverStream implements PublishStream {
  readonly done: Promise<void>
  readonly #options: FailoverOptions
  readonly #events: BatchStreamEvents
  readonly #over = new AbortController()
  #resolve: () => void = () => {}
  #stream: BatchStream | null = null
  #url = 0
  /** What was written and not answered, as far as that was looked at. */
  #kept: Kept[] = []
  /** Answers to pushes that are not kept any more. */
  #answeredBefore = 0
  /** Answers of the current stream that are among those. */
  #looked = 0
  #isEnded = false
  #isLeft = false
  #isBlocked = false

  constructor(options: FailoverOptions, events: BatchStreamEvents) {
    this.#options = options
    this.#events = events
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#open()
  }

  get answered(): number {
    return this.#answeredBefore + (this.#stream?.answered ?? 0) - this.#looked
  }

  write(chunk: Buffer, pushes: number): boolean {
    this.#forgetAnswered()
    this.#kept.push({ chunk, pushes })
    this.#isBlocked = this.#stream === null || !this.#stream.write(chunk)
    return !this.#isBlocked
  }

  end(): void {
    this.#isEnded = true
    this.#stream?.end()
  }

  async destroy(): Promise<void> {
    this.#over.abort()
    this.#resolve()
    await this.#stream?.destroy()
  }

  #open(): void {
    this.#isLeft = false
    const { urls, adminToken } = this.#options
    const stream: BatchStream = new BatchStream(urls[this.#url], adminToken, {
      onDrain: () => this.#onDrain(),
      onRefused: this.#events.onRefused,
      onLeaving: () => (this.#isLeft = true),
      // `done` follows.
      onBroken: () => {},
    })
    this.#stream = stream
    this.#looked = 0
    let isRoomy = true
    for (const { chunk } of this.#kept) isRoomy = stream.write(chunk)
    if (this.#isEnded) stream.end()
    void stream.done.then(() => this.#onOver(stream))
    if (isRoomy) this.#onDrain()
  }

  #onDrain(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.#events.onDrain()
  }

  /** The stream has ended, by itself or with its node. */
  #onOver(stream: BatchStream): void {
    if (this.#over.signal.aborted) return
    this.#forgetAnswered()
    this.#stream = null
    this.#looked = 0
    void stream.destroy()
    if (this.#kept.length === 0 && this.#isEnded) return this.#resolve()
    if (!this.#isLeft && !this.#options.isRepeatable) this.#kept = []
    this.#url = (this.#url + 1) % this.#options.urls.length
    this.#openWhereReady().catch(() => {})
  }

  async #openWhereReady(): Promise<void> {
    const { signal } = this.#over
    const untilMs = performance.now() + GIVE_UP_MS
    while (!(await this.#isReady())) {
      if (signal.aborted) return
      if (performance.now() > untilMs) return this.#giveUp()
      this.#url = (this.#url + 1) % this.#options.urls.length
      await sleep(LOOK_MS, undefined, { signal })
    }
    if (!signal.aborted) this.#open()
  }

  async #isReady(): Promise<boolean> {
    try {
      const url = new URL('/readyz', this.#options.urls[this.#url])
      const limit = AbortSignal.timeout(LOOK_LIMIT_MS)
      const { statusCode, body } = await request(url, {
        signal: AbortSignal.any([limit, this.#over.signal]),
      })
      await body.dump()
      return statusCode === 200
    } catch {
      return false
    }
  }

  #giveUp(): void {
    this.#resolve()
    this.#events.onBroken(
      new PushctlError(
        'PUSHCTL_TARGET_UNREACHABLE',
        `one of ${this.#options.urls.join(', ')} must take pushes, got none ready`,
        { why: `none was ready for ${GIVE_UP_MS / 1_000} s` },
      ),
    )
  }

  /** Answers come in the order of the pushes, so what they are to is at the front. */
  #forgetAnswered(): void {
    let answered = (this.#stream?.answered ?? 0) - this.#looked
    this.#looked += answered
    this.#answeredBefore += answered
    let at = 0
    while (at < this.#kept.length && this.#kept[at].pushes <= answered) {
      answered -= this.#kept[at++].pushes
    }
    if (at > 0) this.#kept = this.#kept.slice(at)
    if (answered > 0 && this.#kept.length > 0) this.#kept[0] = withoutFirst(this.#kept[0], answered)
  }
}

/** Each push is a line. */
function withoutFirst({ chunk, pushes }: Kept, count: number): Kept {
  let at = 0
  for (let line = 0; line < count; line++) at = chunk.indexOf(NEWLINE, at) + 1
  return { chunk: chunk.subarray(at), pushes: pushes - count }
}
