/**
 * Drives a server by long polling: a GET that is answered when something has come, then the next.
 * No answer says that a connection is up, so it counts as up when its first request has stood for a
 * moment, or has a good answer, unless a text is given that its welcome has: who refuses, or is no
 * HTTP server at all, says so at once. An answer without messages (timeout of the server) is asked
 * again. Per connection 177 bytes, nearly all of them what it gives back (poll-cursor.ts).
 */
import type { Slot, SocketEngine } from '../../../engine/socket-engine.ts'
import { textFromLatin1 } from '../../../protocol/ascii.ts'
import { HEAD_EVENT, HttpHead } from '../../../protocol/http-head.ts'
import type { ResolvedTarget } from '../target-address.ts'
import {
  type ConnectionEvents,
  type DriverOptions,
  namesOf,
  type TargetDriver,
} from '../target-driver.ts'
import { TEXT_MARKER_CHARACTERS, TextMarker } from '../text-marker.ts'
import { DEFAULT_WIRE } from '../wire-settings.ts'
import { wrongProtocolCause } from '../wrong-protocol.ts'
import { ANSWER_EVENT, AnswerBody } from './answer-body.ts'
import { getRequestText } from './get-request.ts'
import { CURSOR, type CursorField, PollCursors } from './poll-cursor.ts'
import { PollRequest } from './poll-request.ts'

const SAMPLE_BYTES_MAX = 200
/** A first request must stand for one to two of these: longer than most refusals take. */
const STANDS_MS = 100
/** What a connection waits for before it is up. */
const AWAITS = { NOTHING: 0, TEXT: 1, TIME: 2 } as const
/** Nothing came in the time of the server. */
const EMPTY_STATUSES = [204, 304, 408]
const QUOTE = 0x22
const SESSION_KEY = Buffer.from('"session":"')
const AFTER_KEY = Buffer.from('"after":"')

export class PollDriver implements TargetDriver {
  readonly #engine: SocketEngine
  readonly #events: ConnectionEvents
  readonly #request: PollRequest
  readonly #marker: TextMarker
  readonly #head = new HttpHead()
  readonly #answer = new AnswerBody()
  readonly #cursors: PollCursors
  readonly #welcome: Buffer | null
  /** Whether the path gives strings of a JSON body back. */
  readonly #readsBody: boolean
  readonly #connection: Uint32Array
  readonly #awaits: Uint8Array
  /** Connections whose first request is new, with the generation of their slot. */
  #greeted: number[] = []
  /** Those whose first request was new when the timer last looked. */
  #standing: number[] = []

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    options: DriverOptions,
    events: ConnectionEvents,
  ) {
    const { headers, welcomeText } = target.wire ?? DEFAULT_WIRE
    const text = getRequestText(target, headers).replace(/\r\n$/, '')
    this.#engine = engine
    this.#events = events
    this.#request = new PollRequest(text, namesOf(options))
    this.#marker = new TextMarker(options.runId)
    this.#cursors = new PollCursors(engine.capacity)
    this.#welcome = welcomeText === null ? null : Buffer.from(welcomeText)
    this.#readsBody = /\{(session|after)\}/.test(target.path)
    this.#connection = new Uint32Array(engine.capacity)
    this.#awaits = new Uint8Array(engine.capacity)
  }

  greet(slot: Slot, connection: number): boolean {
    this.#connection[slot] = connection
    this.#cursors.clear(slot)
    this.#awaits[slot] = this.#welcome === null ? AWAITS.TIME : AWAITS.TEXT
    this.#ask(slot)
    if (this.#welcome !== null) return true
    if (this.#greeted.length + this.#standing.length === 0) this.#lookLater()
    this.#greeted.push(slot, this.#engine.generationOf(slot))
    return true
  }

  receive(slot: Slot, _connection: number, bytes: Uint8Array, start: number, end: number): number {
    const head = this.#head
    let at = start
    for (;;) {
      const event = head.readResponse(bytes, at, end)
      if (event === HEAD_EVENT.NEED_MORE) return at
      if (event === HEAD_EVENT.FAULT) {
        const cause = wrongProtocolCause(bytes, at, end, 'HTTP') ?? String(head.fault)
        this.#events.onEnd(slot, cause, '', true)
        return end
      }
      const answer = this.#answer.read(head, bytes, end)
      if (answer === ANSWER_EVENT.NEED_MORE) return at
      if (answer === ANSWER_EVENT.FAULT) {
        this.#events.onEnd(slot, 'answer-without-length', '', true)
        return end
      }
      at = this.#answer.answerEnd
      this.#onAnswer(slot, bytes)
      if (at === end || !this.#engine.isOpen(slot)) return end
    }
  }

  sendUpstream(): void {
    throw new Error('a poll has no way up: mode echo is refused before the run')
  }

  /** The next request is a sign of life of its own. */
  ping(): void {}

  sayGoodbye(): void {}

  #lookLater(): void {
    setTimeout(() => this.#welcomeStanding(), STANDS_MS)
  }

  #welcomeStanding(): void {
    const standing = this.#standing
    this.#standing = this.#greeted
    this.#greeted = []
    if (this.#standing.length > 0) this.#lookLater()
    for (let index = 0; index < standing.length; index += 2) {
      const slot = standing[index]
      if (!this.#engine.isOpen(slot) || this.#awaits[slot] !== AWAITS.TIME) continue
      if (this.#engine.generationOf(slot) === standing[index + 1]) this.#isUp(slot)
    }
  }

  #isUp(slot: Slot): void {
    this.#awaits[slot] = AWAITS.NOTHING
    this.#events.onWelcome(slot, 0)
  }

  #ask(slot: Slot): void {
    const at = this.#engine.reserve(this.#request.bytesMax)
    const { outbox } = this.#engine
    const end = this.#request.write(outbox, at, this.#connection[slot], slot, this.#cursors)
    this.#engine.commit(slot, at, end)
  }

  #onAnswer(slot: Slot, bytes: Uint8Array): void {
    const { status, headEnd } = this.#head
    const { bodyEnd } = this.#answer
    if (status !== 200 && !EMPTY_STATUSES.includes(status)) {
      const sample = textFromLatin1(bytes, headEnd, Math.min(bodyEnd, headEnd + SAMPLE_BYTES_MAX))
      this.#events.onEnd(slot, `http ${status}`, sample.trim(), false)
      return
    }
    if (!this.#keepCursor(slot, bytes)) {
      this.#events.onEnd(slot, 'cursor-too-long', '', true)
      return
    }
    this.#readWelcome(slot, bytes)
    this.#readMessages(slot, bytes)
    if (this.#engine.isOpen(slot)) this.#ask(slot)
  }

  #readWelcome(slot: Slot, bytes: Uint8Array): void {
    if (this.#awaits[slot] === AWAITS.TIME) this.#isUp(slot)
    if (this.#awaits[slot] === AWAITS.NOTHING || this.#welcome === null) return
    const { headEnd } = this.#head
    const length = this.#answer.bodyEnd - headEnd
    const body = Buffer.from(bytes.buffer, bytes.byteOffset + headEnd, length)
    if (body.includes(this.#welcome)) this.#isUp(slot)
  }

  /** An answer may have several messages. */
  #readMessages(slot: Slot, bytes: Uint8Array): void {
    const marker = this.#marker
    const { bodyEnd } = this.#answer
    let at = marker.findText(bytes, this.#head.headEnd, bodyEnd)
    while (at >= 0) {
      this.#events.onMessage(slot, marker.marker, 0, marker.marker.length)
      at = marker.findText(bytes, at + TEXT_MARKER_CHARACTERS, bodyEnd)
    }
  }

  /** False: what is to be given back is longer than there is room for. */
  #keepCursor(slot: Slot, bytes: Uint8Array): boolean {
    const { bodyEnd } = this.#answer
    const { headEnd } = this.#head
    const isKept =
      this.#keepHeader(slot, CURSOR.MODIFIED, 'last-modified') &&
      this.#keepHeader(slot, CURSOR.ETAG, 'etag')
    if (!isKept || !this.#readsBody) return isKept
    return (
      this.#keepString(slot, CURSOR.SESSION, SESSION_KEY, bytes, headEnd, bodyEnd) &&
      this.#keepString(slot, CURSOR.AFTER, AFTER_KEY, bytes, headEnd, bodyEnd)
    )
  }

  #keepHeader(slot: Slot, field: CursorField, name: string): boolean {
    const head = this.#head
    const index = head.find(name)
    if (index < 0) return true
    const { valueStarts, valueEnds } = head
    return this.#cursors.keep(slot, field, head.bytes, valueStarts[index], valueEnds[index])
  }

  /** The string behind `key`, where the body begins with it or has it further on. */
  #keepString(
    slot: Slot,
    field: CursorField,
    key: Uint8Array,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const at = indexOfBytes(bytes, start, end, key)
    if (at < 0) return true
    const valueStart = at + key.length
    let valueEnd = valueStart
    while (valueEnd < end && bytes[valueEnd] !== QUOTE) valueEnd++
    return this.#cursors.keep(slot, field, bytes, valueStart, valueEnd)
  }
}

function indexOfBytes(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): number {
  for (let at = start; at <= end - wanted.length; at++) {
    let same = 0
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++
    if (same === wanted.length) return at
  }
  return -1
}
