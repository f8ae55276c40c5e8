/**
 * Drives a server of events (EventSource, text/event-stream): one GET per connection, which the
 * server never finishes answering. A connection is up with the head of the answer; each event that
 * is whole is searched for the marker. There is nothing to send, so there is no mode echo. Per
 * connection 17 bytes: where the body stands, and how much of an event is assembled.
 *
 *   region:  │ body of an unfinished event │ raw bytes as received … │
 *            start     (assembledBytes)                            end
 */
import type { Slot, SocketEngine } from '../../../engine/socket-engine.ts'
import { textFromLatin1 } from '../../../protocol/ascii.ts'
import { HEAD_EVENT, HttpHead } from '../../../protocol/http-head.ts'
import { MessageTemplate } from '../message-template.ts'
import type { ResolvedTarget } from '../target-address.ts'
import {
  type ConnectionEvents,
  type DriverOptions,
  namesOf,
  type TargetDriver,
} from '../target-driver.ts'
import { TextMarker } from '../text-marker.ts'
import { DEFAULT_WIRE } from '../wire-settings.ts'
import { wrongProtocolCause } from '../wrong-protocol.ts'
import { eventEnd } from './event-end.ts'
import { getRequestText } from './get-request.ts'
import { BODY_EVENT, HttpBody } from './http-body.ts'

/** In place of a body mode: the head of the answer is awaited. */
const IN_HEAD = 0xff
const OK = 200
const EVENT_STREAM = 'text/event-stream'
const SAMPLE_BYTES_MAX = 200

export class SseDriver implements TargetDriver {
  readonly #engine: SocketEngine
  readonly #events: ConnectionEvents
  readonly #request: MessageTemplate
  readonly #marker: TextMarker
  readonly #head = new HttpHead()
  readonly #body = new HttpBody()
  readonly #mode: Uint8Array
  readonly #rest: Float64Array
  readonly #assembledBytes: Uint32Array

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    options: DriverOptions,
    events: ConnectionEvents,
  ) {
    const { headers } = target.wire ?? DEFAULT_WIRE
    const wanted = { Accept: EVENT_STREAM, 'Cache-Control': 'no-cache', ...headers }
    this.#engine = engine
    this.#events = events
    this.#request = new MessageTemplate(getRequestText(target, wanted), namesOf(options))
    this.#marker = new TextMarker(options.runId)
    this.#mode = new Uint8Array(engine.capacity)
    this.#rest = new Float64Array(engine.capacity)
    this.#assembledBytes = new Uint32Array(engine.capacity)
  }

  greet(slot: Slot, connection: number): boolean {
    this.#mode[slot] = IN_HEAD
    this.#assembledBytes[slot] = 0
    const at = this.#engine.reserve(this.#request.bytes.length)
    this.#engine.commit(slot, at, this.#request.write(this.#engine.outbox, at, connection))
    return true
  }

  receive(slot: Slot, _connection: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#mode[slot] !== IN_HEAD) return this.#readBody(slot, bytes, start, end)
    const at = this.#readHead(slot, bytes, start, end)
    if (at < 0) return start
    return at === end ? end : this.#readBody(slot, bytes, at, end)
  }

  sendUpstream(): void {
    throw new Error('an event stream has no way up: mode echo is refused before the run')
  }

  /** Events go down only: there is nothing to ask with. */
  ping(): void {}

  sayGoodbye(): void {}

  /** Returns where the body begins, `end` after a refusal, -1 while the head is incomplete. */
  #readHead(slot: Slot, bytes: Uint8Array, start: number, end: number): number {
    const head = this.#head
    const event = head.readResponse(bytes, start, end)
    if (event === HEAD_EVENT.NEED_MORE) return -1
    if (event === HEAD_EVENT.FAULT) {
      const cause = wrongProtocolCause(bytes, start, end, 'HTTP') ?? String(head.fault)
      this.#events.onEnd(slot, cause, '', true)
      return end
    }
    if (head.status !== OK) {
      const { headEnd } = head
      const sample = textFromLatin1(bytes, headEnd, Math.min(end, headEnd + SAMPLE_BYTES_MAX))
      this.#events.onEnd(slot, `http ${head.status}`, sample.trim(), false)
      return end
    }
    const type = head.find('content-type')
    const named =
      type < 0 ? 'none' : textFromLatin1(bytes, head.valueStarts[type], head.valueEnds[type])
    if (!named.toLowerCase().startsWith(EVENT_STREAM)) {
      this.#events.onEnd(slot, 'no-event-stream', `content type ${named}`, true)
      return end
    }
    this.#body.begin(head)
    this.#mode[slot] = this.#body.mode
    this.#rest[slot] = this.#body.rest
    const { headEnd } = head
    this.#events.onWelcome(slot, 0)
    return headEnd
  }

  #readBody(slot: Slot, bytes: Uint8Array, start: number, end: number): number {
    const body = this.#body
    body.mode = this.#mode[slot]
    body.rest = this.#rest[slot]
    let decodedEnd = start + this.#assembledBytes[slot]
    let at = decodedEnd
    for (;;) {
      const event = body.next(bytes, at, end)
      at = body.at
      if (event === BODY_EVENT.NEED_MORE) break
      if (event !== BODY_EVENT.PIECE) {
        this.#readEvents(slot, bytes, start, decodedEnd)
        const cause = event === BODY_EVENT.END ? 'stream-ended' : 'bad-chunk'
        this.#events.onEnd(slot, cause, '', event === BODY_EVENT.FAULT)
        return end
      }
      if (decodedEnd !== body.pieceStart) {
        bytes.copyWithin(decodedEnd, body.pieceStart, body.pieceEnd)
      }
      decodedEnd += body.pieceEnd - body.pieceStart
    }
    this.#mode[slot] = body.mode
    this.#rest[slot] = body.rest
    const unread = this.#readEvents(slot, bytes, start, decodedEnd)
    const assembledBytes = decodedEnd - unread
    this.#assembledBytes[slot] = assembledBytes
    if (assembledBytes > 0 && decodedEnd !== at) {
      bytes.copyWithin(at - assembledBytes, unread, decodedEnd)
    }
    return at - assembledBytes
  }

  /** Returns where the unfinished event begins. */
  #readEvents(slot: Slot, bytes: Uint8Array, start: number, end: number): number {
    const marker = this.#marker
    let at = start
    for (;;) {
      const next = eventEnd(bytes, at, end)
      if (next < 0) return at
      // What has no marker is a comment that keeps the connection alive, or nobody's message.
      if (marker.findText(bytes, at, next) >= 0) {
        this.#events.onMessage(slot, marker.marker, 0, marker.marker.length)
      }
      at = next
    }
  }
}
