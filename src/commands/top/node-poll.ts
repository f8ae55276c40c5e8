/**
 * Asks the nodes of `top` what they are doing, all at once. A node that does not answer is a look
 * with a sentence that says why, never an error: the others are still worth looking at.
 */
import { answerText } from '../answer-text.ts'
import { figuresOf } from './node-figures.ts'
import type { NodeLook } from './node-row.ts'

/** GET /v1/node has a histogram for each kind of pause: some 30 KB. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024

export class NodePoll {
  readonly #urls: readonly string[]
  readonly #adminToken: string | null
  readonly #answerMs: number

  constructor(urls: readonly string[], adminToken: string | null, answerMs: number) {
    this.#urls = urls
    this.#adminToken = adminToken
    this.#answerMs = answerMs
  }

  /** In the order of the nodes. Throws only where the signal is aborted. */
  async look(signal: AbortSignal): Promise<NodeLook[]> {
    const looks = await Promise.all(this.#urls.map((url) => this.#lookAt(url, signal)))
    signal.throwIfAborted()
    return looks
  }

  async #lookAt(url: string, signal: AbortSignal): Promise<NodeLook> {
    const { request } = await import('undici')
    const failed = (failure: string): NodeLook => {
      return { url, atMs: performance.now(), figures: null, failure }
    }
    try {
      const { statusCode, body } = await request(new URL('/v1/node', url), {
        headers: this.#adminToken === null ? {} : { authorization: `Bearer ${this.#adminToken}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#answerMs)]),
      })
      const text = await answerText(body, ANSWER_BYTES_MAX)
      if (statusCode === 401) {
        return failed(
          this.#adminToken === null
            ? 'it needs its admin token: --admin-token-file FILE'
            : 'it has another admin token than the one given',
        )
      }
      const figures = statusCode === 200 ? figuresOf(JSON.parse(text)) : null
      if (figures === null) return failed(`no pushctl node at ${url}: HTTP ${statusCode}`)
      return { url, atMs: performance.now(), figures, failure: '' }
    } catch (cause) {
      return failed(reasonOf(cause, url, this.#answerMs))
    }
  }
}

function reasonOf(cause: unknown, url: string, answerMs: number): string {
  const { name, code } = cause as NodeJS.ErrnoException
  if (name === 'TimeoutError') return `no answer within ${answerMs} ms at ${url}`
  if (cause instanceof SyntaxError) return `no pushctl node at ${url}: not the JSON of one`
  if (code === 'ECONNREFUSED') return `nobody listens at ${url}`
  return `${url} cannot be reached: ${code ?? name}`
}
