/**
 * A device over HTTP, seen from the engine: what is the same for a stream of events and for polls.
 * Speaks to the shard in frames, as any device does, and keeps how far the device was served.
 */
import type { Slot } from '../../engine/socket-engine.ts'
import type { FrameReader } from '../../protocol/frame-reader.ts'
import { FRAME, HELLO_FLAG, MSG_FLAG, STREAM } from '../../protocol/frame-types.ts'
import { frameFromJson, jsonFrameBytesMax, jsonFromFrame } from '../../protocol/json-frames.ts'
import type { DeliveryCursor } from './delivery-cursor.ts'
import type { HttpCarrier, HttpConnection, HttpEngine } from './http-engine.ts'

/** JSON of a frame of 64 KiB at its longest: every byte escaped. */
const JSON_BYTES_MAX = 64 * 1024 * 6 + 4_096
const PULL_MAX = 100
const STREAMS = [STREAM.INBOX, STREAM.BROADCAST]
/** A node of any settings grants at least so much; a sign of life comes twice as often. */
const ALIVE_MS_MAX = 15_000

export interface HelloOfHttp {
  readonly deviceId: string
  readonly token: string
  readonly tags: readonly string[]
  readonly cursor: DeliveryCursor
  readonly address: string
}

export abstract class HttpDevice implements HttpConnection {
  abstract readonly carrier: HttpCarrier
  abstract readonly queuedBytes: number
  readonly deviceId: string
  readonly address: string
  /** 16 hexadecimal digits, '' before WELCOME. */
  session = ''
  /** The last stored messages that were handed over. */
  served: DeliveryCursor
  /** Up to here the device has said that it received. */
  acked: DeliveryCursor
  /** Called when the node has let the device in. */
  onWelcome: () => void = () => {}
  /** Called once, when the connection is over. */
  onGone: () => void = () => {}
  readonly #engine: HttpEngine
  readonly #sends = new Map<number, (status: number) => void>()
  #slot: Slot = -1
  #lastRequestId = 0
  /** By stream: what there is to pull, and how far the last PULL asked. */
  readonly #heads = [0, 0]
  readonly #pulledTo = [0, 0]
  #isOver = false
  #aliveTimer: NodeJS.Timeout | undefined

  constructor(engine: HttpEngine, hello: HelloOfHttp) {
    this.#engine = engine
    this.deviceId = hello.deviceId
    this.address = hello.address
    this.served = hello.cursor
    this.acked = hello.cursor
  }

  /** A frame of the node, and the same as JSON. */
  protected abstract take(type: number, json: string, frame: FrameReader): void
  /** The node has ended it: nothing more comes. */
  protected abstract finish(): void

  get isOver(): boolean {
    return this.#isOver
  }

  /** Comes in with a HELLO. False: there are devices over HTTP enough. */
  join(hello: HelloOfHttp): boolean {
    this.#slot = this.#engine.open(this)
    if (this.#slot < 0) return false
    const { deviceId, token, tags, cursor } = hello
    this.say({ type: 'HELLO', flags: HELLO_FLAG.WILL_ACK, deviceId, token, tags, ...cursor })
    return true
  }

  /** Says one frame; false where it is none. */
  say(frame: Readonly<Record<string, unknown>>): boolean {
    const text = Buffer.from(JSON.stringify(frame))
    const out = new Uint8Array(jsonFrameBytesMax(text.length))
    const end = frameFromJson(text, 0, text.length, out, 0, JSON_BYTES_MAX)
    if (typeof end !== 'number' || this.#isOver) return false
    this.#engine.receive(this.#slot, out.subarray(0, end))
    return true
  }

  /** SENT_STATUS, or -1 where the connection ended before it came. */
  send(fields: Readonly<Record<string, unknown>>): Promise<number> {
    const requestId = ++this.#lastRequestId
    return new Promise((resolve) => {
      this.#sends.set(requestId, resolve)
      if (!this.say({ ...fields, type: 'SEND', requestId })) resolve(-1)
    })
  }

  /** All up to there is received. */
  ack(cursor: DeliveryCursor): void {
    const { inboxSeq, broadcastSeq } = cursor
    if (inboxSeq > this.acked.inboxSeq)
      this.say({ type: 'ACK', stream: STREAM.INBOX, seq: inboxSeq })
    if (broadcastSeq > this.acked.broadcastSeq) {
      this.say({ type: 'ACK', stream: STREAM.BROADCAST, seq: broadcastSeq })
    }
    this.acked = {
      inboxSeq: Math.max(inboxSeq, this.acked.inboxSeq),
      broadcastSeq: Math.max(broadcastSeq, this.acked.broadcastSeq),
    }
  }

  /** The client is gone. */
  leave(): void {
    if (this.#isOver) return
    this.#over()
    this.#engine.leave(this.#slot)
  }

  onFrame(frame: FrameReader, bytes: Uint8Array): void {
    switch (frame.type) {
      case FRAME.PONG:
        return
      case FRAME.SENT:
        this.#sends.get(frame.requestId)?.(frame.status)
        this.#sends.delete(frame.requestId)
        return
      case FRAME.NOTIFY:
        this.#heads[frame.stream] = frame.seq
        this.#pullLater(frame.stream)
        return
      case FRAME.WELCOME:
        this.session = sessionText(frame.sessionIdHigh, frame.sessionIdLow)
        this.#stayAlive(frame.heartbeatSeconds)
        this.onWelcome()
        break
      case FRAME.MSG:
        if (frame.seq > 0) this.#serve(frame)
        break
    }
    this.take(frame.type, jsonFromFrame(frame, bytes), frame)
  }

  onEnd(): void {
    if (this.#isOver) return
    this.#over()
    this.finish()
  }

  /** Whether a sign of life may be sent for the client now. */
  protected isAlive(): boolean {
    return true
  }

  #serve({ flags, seq }: FrameReader): void {
    const stream = flags & MSG_FLAG.BROADCAST ? STREAM.BROADCAST : STREAM.INBOX
    const { inboxSeq, broadcastSeq } = this.served
    this.served =
      stream === STREAM.INBOX
        ? { inboxSeq: Math.max(seq, inboxSeq), broadcastSeq }
        : { inboxSeq, broadcastSeq: Math.max(seq, broadcastSeq) }
    if (seq < this.#heads[stream]) this.#pullLater(stream)
  }

  /**
   * The client has nobody to PULL with, so the node does it in its name: one after the other,
   * because two at a time would bring the same messages twice. `isLate`: what is still missing is
   * gone.
   */
  #pull(stream: number, isLate = false): void {
    const afterSeq = stream === STREAM.INBOX ? this.served.inboxSeq : this.served.broadcastSeq
    const head = this.#heads[stream]
    if (afterSeq >= head || (afterSeq < this.#pulledTo[stream] && !isLate)) return
    this.#pulledTo[stream] = Math.min(head, afterSeq + PULL_MAX)
    this.say({ type: 'PULL', stream, afterSeq, max: PULL_MAX })
  }

  #pullLater(stream: number): void {
    setImmediate(() => this.#pull(stream))
  }

  #stayAlive(heartbeatSeconds: number): void {
    const everyMs = Math.min(ALIVE_MS_MAX, (heartbeatSeconds * 1000) / 2)
    this.#aliveTimer = setInterval(() => {
      if (!this.isAlive()) return
      this.say({ type: 'PING' })
      for (const stream of STREAMS) this.#pull(stream, true)
    }, everyMs)
  }

  #over(): void {
    this.#isOver = true
    clearInterval(this.#aliveTimer)
    for (const resolve of this.#sends.values()) resolve(-1)
    this.#sends.clear()
    this.onGone()
  }
}

function sessionText(high: number, low: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
