/**
 * One reader of GET /v1/upstream: lines of NDJSON, gathered per loop turn. What it does not read
 * waits in a bounded queue; at the limit it is told so in a last line and ended, because a reader
 * that is missing lines must know it.
 */
import type { ServerResponse } from 'node:http'
import type { UpstreamSink } from './upstream-sink.ts'

const KEEP_ALIVE_MS = 15_000
/** After its last line a consumer may take so long to read what is queued. */
const LAST_WORDS_MS = 5_000

export type EndCode = 'too-slow' | 'shutting-down'

export interface ConsumerOptions {
  readonly response: ServerResponse
  /** Empty: all. */
  readonly products: ReadonlySet<string>
  readonly deviceEvents: boolean
  readonly queuedBytesMax: number
}

export class UpstreamConsumer implements UpstreamSink {
  readonly takesDeviceEvents: boolean
  /** Settles when the consumer is gone, however that came. */
  readonly done: Promise<void>
  readonly #response: ServerResponse
  readonly #products: ReadonlySet<string>
  readonly #queuedBytesMax: number
  readonly #keepAlive: NodeJS.Timeout
  #lines = ''
  #isScheduled = false
  #isEnded = false

  constructor(options: ConsumerOptions) {
    this.#response = options.response
    this.#products = options.products
    this.takesDeviceEvents = options.deviceEvents
    this.#queuedBytesMax = options.queuedBytesMax
    // An empty line, which readers of NDJSON skip: proxies end what is silent.
    this.#keepAlive = setInterval(() => this.#add('\n'), KEEP_ALIVE_MS)
    this.done = new Promise((resolve) => {
      this.#response.on('close', () => {
        this.#isEnded = true
        clearInterval(this.#keepAlive)
        resolve()
      })
    })
    this.#response.on('error', () => this.#response.destroy())
  }

  takesProduct(product: string): boolean {
    return !this.#isEnded && (this.#products.size === 0 || this.#products.has(product))
  }

  offerSend(_deviceId: string, line: string): boolean {
    return this.#offer(line)
  }

  offerState(_deviceId: string, line: string): boolean {
    return this.#offer(line)
  }

  /** The last line, and the end; true where this call ended it. */
  end(code: EndCode, detail: string): boolean {
    if (this.#isEnded) return false
    this.#isEnded = true
    this.#flush()
    this.#response.end(`${JSON.stringify({ type: 'end', code, detail })}\n`)
    setTimeout(() => this.#response.destroy(), LAST_WORDS_MS).unref()
    return true
  }

  #offer(line: string): boolean {
    if (this.#isEnded) return false
    if (this.#response.writableLength + this.#lines.length + line.length > this.#queuedBytesMax) {
      this.onTooSlow()
      return false
    }
    this.#add(`${line}\n`)
    return true
  }

  /** Called when the queue is full. */
  onTooSlow: () => void = () => {}

  #add(line: string): void {
    if (this.#isEnded) return
    this.#lines += line
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#isScheduled = false
    if (this.#lines === '') return
    const lines = this.#lines
    this.#lines = ''
    this.#response.write(lines)
  }
}
