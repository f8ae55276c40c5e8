/**
 * A device on GET /v1/events: frames of the node as server-sent events. A MSG is a plain message,
 * the others are events named like the frame. Stored messages carry an id, which the browser sends
 * back as Last-Event-ID when it connects again: that is the ack. A client that acks in no other way
 * is therefore made to reconnect once in a while.
 */
import type { ServerResponse } from 'node:http'
import type { FrameReader } from '../../protocol/frame-reader.ts'
import { BYE, byeRange, FRAME, LIMITS } from '../../protocol/frame-types.ts'
import { cursorText, type DeliveryCursor } from './delivery-cursor.ts'
import { HttpDevice, type HelloOfHttp } from './http-device.ts'
import type { HttpEngine } from './http-engine.ts'

const COMMENT_MS = 20_000
/** Half of what a device may leave unacked, in messages and in bytes. */
const UNACKED_MAX = LIMITS.unackedPerDeviceMax / 2
const UNACKED_BYTES_MAX = LIMITS.sendQueueBytesMax / 4
const RECONNECT_MS = 1_000
/** To a browser that should not come back: EventSource has no other way to be told. */
const RECONNECT_MS_NEVER = 24 * 3_600_000
const LAST_WORDS_MS = 5_000

export interface EventStreamOptions {
  readonly engine: HttpEngine
  readonly hello: HelloOfHttp
  readonly response: ServerResponse
  readonly headers: Readonly<Record<string, string>>
  /** The node refused the device before anything was sent: BYE code. */
  readonly onRefused: (code: number) => void
}

export class EventStream extends HttpDevice {
  readonly carrier = 'sse'
  readonly #options: EventStreamOptions
  readonly #comments: NodeJS.Timeout
  #isStarted = false
  /** Payloads of stored messages since the last ack. */
  #unackedBytes = 0

  constructor(options: EventStreamOptions) {
    super(options.engine, options.hello)
    this.#options = options
    this.#comments = setInterval(() => this.#write(':\n\n'), COMMENT_MS)
    options.response.on('close', () => {
      clearInterval(this.#comments)
      this.leave()
    })
    options.response.on('error', () => options.response.destroy())
  }

  get queuedBytes(): number {
    return this.#options.response.writableLength
  }

  protected take(type: number, json: string, frame: FrameReader): void {
    if (type === FRAME.BYE && !this.#isStarted && frame.code === BYE.UNAUTHORIZED) {
      clearInterval(this.#comments)
      this.#options.onRefused(frame.code)
      return
    }
    if (!this.#isStarted) this.#start()
    if (type === FRAME.MSG) {
      const id = frame.seq > 0 ? `id: ${cursorText(this.served)}\n` : ''
      this.#write(`${id}data: ${json}\n\n`)
      if (frame.seq > 0) this.#unackedBytes += frame.payloadEnd - frame.payloadStart
      const isFull = this.#unacked() >= UNACKED_MAX || this.#unackedBytes >= UNACKED_BYTES_MAX
      if (isFull) setImmediate(() => this.#renew())
      return
    }
    const retry = type === FRAME.BYE ? `retry: ${reconnectMs(frame)}\n` : ''
    const name = JSON.parse(json).type.toLowerCase()
    this.#write(`event: ${name}\n${retry}data: ${json}\n\n`)
  }

  override ack(cursor: DeliveryCursor): void {
    super.ack(cursor)
    if (this.#unacked() === 0) this.#unackedBytes = 0
  }

  protected finish(): void {
    clearInterval(this.#comments)
    const { response } = this.#options
    if (!this.#isStarted) return
    response.end()
    setTimeout(() => response.destroy(), LAST_WORDS_MS).unref()
  }

  /** A client that does not read is given no signs of life. */
  protected override isAlive(): boolean {
    return !this.#options.response.writableNeedDrain
  }

  #unacked(): number {
    const { served, acked } = this
    return served.inboxSeq - acked.inboxSeq + served.broadcastSeq - acked.broadcastSeq
  }

  #renew(): void {
    if (this.isOver) return
    this.#options.response.end()
  }

  #start(): void {
    this.#isStarted = true
    this.#options.response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...this.#options.headers,
    })
    this.#write(`retry: ${RECONNECT_MS}\n\n`)
  }

  #write(text: string): void {
    if (this.#isStarted && !this.#options.response.writableEnded) this.#options.response.write(text)
  }
}

function reconnectMs({ code, retryAfterMs }: FrameReader): number {
  const range = byeRange(code)
  if (range === 'stop') return RECONNECT_MS_NEVER
  return range === 'backoff' ? Math.max(retryAfterMs, RECONNECT_MS) : RECONNECT_MS
}
