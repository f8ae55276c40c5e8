/**
 * One long-lived POST /v1/push/batch: lines go up as they are due, an answer line comes back for
 * each, in order. Where the node does not take them as fast, write() says so and the caller stops;
 * what is due meanwhile becomes late or unsent.
 */
import { Readable } from 'node:stream'
import { Client } from 'undici'
import { PushctlError } from '../errors/pushctl-error.ts'

/** Bytes in our own queue before write() says stop; the kernel's socket buffer comes on top. */
const QUEUED_BYTES_MAX = 256 * 1024
const SAMPLE_BYTES_MAX = 200
/** In the last answer of a node that goes away; elsewhere quotes would be escaped. */
const LEAVING = '"code":"shutting-down"'

export interface BatchStreamEvents {
  /** The node takes lines again. */
  onDrain(): void
  /** A push was refused; `cause` is the title of the problem, short. */
  onRefused(cause: string, sample: string): void
  /**
   * The node goes away: it has not read this push and those after it. Without this they are
   * refused.
   */
  onLeaving?(): void
  /** The whole stream is over before end() was called. */
  onBroken(error: PushctlError): void
}

export class BatchStream {
  /** Answer lines read, good or bad. */
  answered = 0
  /** Resolves when all answers came, or the stream broke. */
  readonly done: Promise<void>
  readonly #client: Client
  readonly #body: Readable
  readonly #events: BatchStreamEvents
  #isEnded = false
  #isBlocked = false
  #rest = ''

  constructor(url: string, adminToken: string | null, events: BatchStreamEvents) {
    this.#events = events
    this.#client = new Client(new URL(url).origin, { headersTimeout: 0, bodyTimeout: 0 })
    this.#body = new Readable({
      highWaterMark: QUEUED_BYTES_MAX,
      read: () => {
        if (!this.#isBlocked) return
        this.#isBlocked = false
        events.onDrain()
      },
    })
    this.done = this.#run(adminToken)
  }

  /** False: stop until onDrain. The chunk was taken in any case. */
  write(chunk: Buffer): boolean {
    this.#isBlocked = !this.#body.push(chunk)
    return !this.#isBlocked
  }

  /** No more lines; answers still come. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#body.push(null)
  }

  async destroy(): Promise<void> {
    this.#isEnded = true
    await this.#client.destroy()
  }

  async #run(adminToken: string | null): Promise<void> {
    try {
      const { statusCode, body } = await this.#client.request({
        method: 'POST',
        path: '/v1/push/batch',
        headers: {
          'content-type': 'application/x-ndjson',
          ...(adminToken === null ? {} : { authorization: `Bearer ${adminToken}` }),
        },
        body: this.#body,
      })
      if (statusCode !== 200) {
        const text = (await body.text()).slice(0, SAMPLE_BYTES_MAX)
        throw new PushctlError(
          'PUSHCTL_TARGET_REFUSED',
          `POST /v1/push/batch was answered with status ${statusCode}`,
          { why: text, tries: statusCode === 401 ? ['--admin-token-file FILE'] : [] },
        )
      }
      body.setEncoding('utf8')
      for await (const text of body) this.#readAnswers(text)
      if (!this.#isEnded) throw new Error('the node ended the answers before the pushes ended')
    } catch (cause) {
      if (!this.#isEnded || cause instanceof PushctlError) this.#events.onBroken(brokenBy(cause))
    }
  }

  #readAnswers(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') continue
      if (this.#events.onLeaving !== undefined && line.includes(LEAVING)) {
        this.#events.onLeaving()
        return
      }
      this.answered += 1
      // Nearly all answers are good: only the others are worth parsing.
      if (line.includes('"error"')) this.#events.onRefused(causeOf(line), line.slice(0, 200))
    }
  }
}

function causeOf(line: string): string {
  try {
    const { error } = JSON.parse(line)
    const named = typeof error === 'string' ? error : (error?.title ?? error?.code)
    return String(named ?? 'refused').slice(0, 80)
  } catch {
    return 'unreadable-answer'
  }
}

function brokenBy(cause: unknown): PushctlError {
  if (cause instanceof PushctlError) return cause
  return new PushctlError(
    'PUSHCTL_TARGET_UNREACHABLE',
    'the stream of pushes to the node broke off',
    { why: (cause as Error).message, cause },
  )
}
