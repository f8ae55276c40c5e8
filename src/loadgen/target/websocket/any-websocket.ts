/**
 * Drives any WebSocket server that sends back what it gets, or passes on what is published. Its
 * messages are a template of the user's, or the bare payload; what comes back is searched for the
 * marker, because a server may wrap it in whatever it likes. Per connection 5 bytes: its number,
 * and whether its welcome is awaited.
 */
import type { Slot, SocketEngine } from '../../../engine/socket-engine.ts'
import { OPCODE } from '../../../protocol/websocket-frame.ts'
import { payloadTemplate, writeMarker } from '../../marker.ts'
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
import { WebSocketClient, type WebSocketSink } from './websocket-client.ts'

export class AnyWebSocketDriver implements TargetDriver, WebSocketSink {
  readonly #engine: SocketEngine
  readonly #events: ConnectionEvents
  readonly #client: WebSocketClient
  readonly #marker: TextMarker
  readonly #runId: number
  readonly #heartbeatSeconds: number
  readonly #first: MessageTemplate | null
  readonly #welcome: Buffer | null
  readonly #answerTo: Buffer | null
  readonly #answer: Buffer
  readonly #message: MessageTemplate | null
  readonly #payload: Uint8Array
  readonly #outboxView: DataView
  readonly #connection: Uint32Array
  readonly #isAwaited: Uint8Array

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    options: DriverOptions,
    events: ConnectionEvents,
  ) {
    const wire = target.wire ?? DEFAULT_WIRE
    const { runId, messageBytes } = options
    const names = namesOf(options)
    this.#engine = engine
    this.#events = events
    this.#client = new WebSocketClient(engine, target, wire, options, events, this)
    this.#marker = new TextMarker(runId)
    this.#runId = runId
    this.#heartbeatSeconds = options.heartbeatSeconds
    this.#first = wire.firstMessage === null ? null : new MessageTemplate(wire.firstMessage, names)
    this.#welcome = wire.welcomeText === null ? null : Buffer.from(wire.welcomeText)
    this.#answerTo = wire.answer === null ? null : Buffer.from(wire.answer.to)
    this.#answer = Buffer.from(wire.answer?.text ?? '')
    const { messageTemplate } = wire
    this.#message =
      messageTemplate === null ? null : new MessageTemplate(messageTemplate, names, messageBytes)
    this.#payload = payloadTemplate(messageBytes)
    this.#connection = new Uint32Array(engine.capacity)
    this.#isAwaited = new Uint8Array(engine.capacity)
    const { buffer, byteOffset, byteLength } = engine.outbox
    this.#outboxView = new DataView(buffer, byteOffset, byteLength)
  }

  greet(slot: Slot, connection: number): boolean {
    this.#connection[slot] = connection
    this.#client.greet(slot, connection)
    return false
  }

  receive(slot: Slot, connection: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#client.receive(slot, connection, bytes, start, end)
  }

  sendUpstream(slot: Slot, seq: number, intendedUs: number, writtenUs: number): void {
    const message = this.#message
    if (message !== null) {
      const connection = this.#connection[slot]
      const marker = this.#marker
      this.#client.sendMarked(slot, message, connection, marker, seq, intendedUs, writtenUs)
      return
    }
    const at = this.#client.reserve(this.#payload.length)
    this.#engine.outbox.set(this.#payload, at)
    writeMarker(this.#outboxView, at, this.#runId, seq, intendedUs, writtenUs)
    this.#client.commit(slot, at, at + this.#payload.length, OPCODE.BINARY)
  }

  ping(slot: Slot): void {
    this.#client.ping(slot)
  }

  sayGoodbye(slot: Slot): void {
    this.#client.sayGoodbye(slot)
  }

  onUpgraded(slot: Slot, connection: number): void {
    if (this.#first !== null) this.#client.sendTemplate(slot, this.#first, connection)
    this.#events.onGreeting(slot)
    this.#isAwaited[slot] = this.#welcome === null ? 0 : 1
    if (this.#welcome === null) this.#events.onWelcome(slot, this.#heartbeatSeconds)
  }

  onText(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isAnswered(slot, bytes, start, end)) return
    if (this.#isWelcome(slot, bytes, start, end)) return
    if (this.#marker.findText(bytes, start, end) >= 0) {
      this.#events.onMessage(slot, this.#marker.marker, 0, this.#marker.marker.length)
    } else this.#events.onMessage(slot, bytes, start, end)
  }

  onBinary(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isWelcome(slot, bytes, start, end)) return
    const at = this.#marker.findBinary(bytes, start, end)
    if (at < 0) this.onText(slot, bytes, start, end)
    else this.#events.onMessage(slot, bytes, at, end)
  }

  onWebSocketPong(slot: Slot): void {
    this.#events.onPong(slot, -1)
  }

  /** Whether the message is the one that is answered at once. */
  #isAnswered(slot: Slot, bytes: Uint8Array, start: number, end: number): boolean {
    const wanted = this.#answerTo
    if (wanted === null || end - start !== wanted.length) return false
    for (let index = 0; index < wanted.length; index++) {
      if (bytes[start + index] !== wanted[index]) return false
    }
    this.#client.sendText(slot, this.#answer)
    return true
  }

  /** Whether the message came before the connection was up, or is its welcome. */
  #isWelcome(slot: Slot, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isAwaited[slot] === 0 || this.#welcome === null) return false
    const message = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    if (message.includes(this.#welcome)) {
      this.#isAwaited[slot] = 0
      this.#events.onWelcome(slot, this.#heartbeatSeconds)
    }
    return true
  }
}
