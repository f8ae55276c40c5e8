/**
 * The WebSocket side of a driver: upgrade, whole messages, pings of the server answered, frames
 * masked with a fresh key each. One Sec-WebSocket-Key serves all connections of a shard, so the
 * upgrade request is a template; the answer is checked all the same. Per connection 5 bytes: what
 * the reader must remember inside a fragmented message.
 */
import { randomBytes } from 'node:crypto'
import type { Slot, SocketEngine } from '../../../engine/socket-engine.ts'
import { LIMITS } from '../../../protocol/frame-types.ts'
import {
  refusalBody,
  UpgradeResponse,
  upgradeKeyFromBytes,
  upgradeRequestText,
} from '../../../protocol/websocket-client-handshake.ts'
import {
  CLOSE_CODE,
  CONTROL_FRAME_BYTES_MAX,
  HEADER_BYTES_MAX,
  OPCODE,
} from '../../../protocol/websocket-frame.ts'
import { acceptFromKey, UPGRADE_EVENT } from '../../../protocol/websocket-handshake.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../../protocol/websocket-reader.ts'
import {
  writeClose,
  writeHeaderBefore,
  writeWebSocketPing,
  writeWebSocketPong,
} from '../../../protocol/websocket-writer.ts'
import { type SeededRandom, seededRandom } from '../../seeded-random.ts'
import { MessageTemplate } from '../message-template.ts'
import { hostPort, type ResolvedTarget } from '../target-address.ts'
import { type ConnectionEvents, type DriverOptions, namesOf } from '../target-driver.ts'
import type { TextMarker } from '../text-marker.ts'
import { wrongProtocolCause } from '../wrong-protocol.ts'

/** fragmentOpcode of a connection whose upgrade is not answered yet. */
const UPGRADING = 0xff
const NO_PAYLOAD = new Uint8Array(0)

/** What a driver does with what came. */
export interface WebSocketSink {
  /** Frames may be sent from here on. */
  onUpgraded(slot: Slot, connection: number): void
  onText(slot: Slot, bytes: Uint8Array, start: number, end: number): void
  onBinary(slot: Slot, bytes: Uint8Array, start: number, end: number): void
  onWebSocketPong(slot: Slot): void
}

export interface UpgradeWishes {
  readonly subprotocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

export class WebSocketClient {
  readonly #engine: SocketEngine
  readonly #events: ConnectionEvents
  readonly #sink: WebSocketSink
  readonly #offered: readonly string[]
  readonly #request: MessageTemplate
  readonly #accept: string
  readonly #response = new UpgradeResponse()
  readonly #reader = new WebSocketReader({ role: 'client', messageBytesMax: LIMITS.frameBytesMax })
  readonly #assembledBytes: Uint32Array
  readonly #fragmentOpcode: Uint8Array
  /**
   * Mask keys must be unpredictable to a page that runs in a browser (RFC 6455, 10.3), which bench
   * is not.
   */
  readonly #masks: SeededRandom

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    wishes: UpgradeWishes,
    options: DriverOptions,
    events: ConnectionEvents,
    sink: WebSocketSink,
  ) {
    this.#engine = engine
    this.#events = events
    this.#sink = sink
    this.#offered = wishes.subprotocols
    const key = upgradeKeyFromBytes(randomBytes(16))
    this.#accept = acceptFromKey(key)
    const host = hostPort(target.host, target.port)
    const { subprotocols, headers } = wishes
    const request = { target: target.path, host, key, subprotocols, headers }
    this.#request = new MessageTemplate(upgradeRequestText(request), namesOf(options))
    this.#assembledBytes = new Uint32Array(engine.capacity)
    this.#fragmentOpcode = new Uint8Array(engine.capacity)
    this.#masks = seededRandom(randomBytes(4).readUInt32BE())
  }

  /** Asks for the upgrade. */
  greet(slot: Slot, connection: number): void {
    const at = this.#engine.reserve(this.#request.bytes.length)
    this.#engine.commit(slot, at, this.#request.write(this.#engine.outbox, at, connection))
    this.#assembledBytes[slot] = 0
    this.#fragmentOpcode[slot] = UPGRADING
  }

  receive(slot: Slot, connection: number, bytes: Uint8Array, start: number, end: number): number {
    let at = start
    if (this.#fragmentOpcode[slot] === UPGRADING) {
      at = this.#readUpgrade(slot, connection, bytes, start, end)
      if (at < 0) return start
      if (at === end || !this.#engine.isOpen(slot)) return end
    }
    return this.#readMessages(slot, bytes, at, end)
  }

  /** Offset for a payload, with room for the largest header in front. */
  reserve(payloadBytes: number): number {
    return this.#engine.reserve(HEADER_BYTES_MAX + payloadBytes) + HEADER_BYTES_MAX
  }

  /** Sends outbox[start, end) as one message. */
  commit(slot: Slot, start: number, end: number, opcode: number): void {
    const { outbox } = this.#engine
    const frameStart = writeHeaderBefore(outbox, start, end, opcode, this.#maskKey())
    this.#engine.commit(slot, frameStart, end)
  }

  /** Sends bytes that are text as they are. */
  sendText(slot: Slot, text: Uint8Array): void {
    const at = this.reserve(text.length)
    this.#engine.outbox.set(text, at)
    this.commit(slot, at, at + text.length, OPCODE.TEXT)
  }

  /** Sends the text of a template, for one device. */
  sendTemplate(slot: Slot, template: MessageTemplate, connection: number): void {
    const at = this.reserve(template.bytes.length)
    const end = template.write(this.#engine.outbox, at, connection)
    this.commit(slot, at, end, OPCODE.TEXT)
  }

  /** The same, with a marker where the payload of the template begins. */
  sendMarked(
    slot: Slot,
    template: MessageTemplate,
    connection: number,
    marker: TextMarker,
    seq: number,
    intendedUs: number,
    writtenUs: number,
  ): void {
    const { outbox } = this.#engine
    const at = this.reserve(template.bytes.length)
    const end = template.write(outbox, at, connection)
    marker.write(outbox, at + template.markerAt, seq, intendedUs, writtenUs)
    this.commit(slot, at, end, OPCODE.TEXT)
  }

  ping(slot: Slot): void {
    const at = this.#engine.reserve(CONTROL_FRAME_BYTES_MAX)
    const { outbox } = this.#engine
    this.#engine.commit(slot, at, writeWebSocketPing(outbox, at, NO_PAYLOAD, 0, 0, this.#maskKey()))
  }

  sayGoodbye(slot: Slot): void {
    if (this.#fragmentOpcode[slot] === UPGRADING) return
    const at = this.#engine.reserve(CONTROL_FRAME_BYTES_MAX)
    const end = writeClose(this.#engine.outbox, at, CLOSE_CODE.NORMAL, '', this.#maskKey())
    this.#engine.commit(slot, at, end)
  }

  /** Returns where frames begin, `end` after a refusal, -1 while the answer is incomplete. */
  #readUpgrade(
    slot: Slot,
    connection: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const response = this.#response
    const event = response.read(bytes, start, end, this.#accept, this.#offered)
    if (event === UPGRADE_EVENT.NEED_MORE) return -1
    if (event === UPGRADE_EVENT.FAULT) {
      const refused = response.fault === 'upgrade-refused'
      const stranger = refused ? null : wrongProtocolCause(bytes, start, end, 'HTTP')
      const cause = refused ? `http ${response.status}` : (stranger ?? String(response.fault))
      const sample = stranger === null ? refusalBody(response, bytes, end) : ''
      this.#events.onEnd(slot, cause, sample, !refused)
      return end
    }
    this.#fragmentOpcode[slot] = 0
    this.#sink.onUpgraded(slot, connection)
    return response.headEnd
  }

  #readMessages(slot: Slot, bytes: Uint8Array, start: number, end: number): number {
    const reader = this.#reader
    reader.begin(bytes, start, end, this.#assembledBytes[slot], this.#fragmentOpcode[slot])
    for (;;) {
      switch (reader.next()) {
        case WEBSOCKET_EVENT.BINARY:
          this.#sink.onBinary(slot, bytes, reader.payloadStart, reader.payloadEnd)
          break
        case WEBSOCKET_EVENT.TEXT:
          this.#sink.onText(slot, bytes, reader.payloadStart, reader.payloadEnd)
          break
        case WEBSOCKET_EVENT.NEED_MORE:
          this.#assembledBytes[slot] = reader.assembledBytes
          this.#fragmentOpcode[slot] = reader.fragmentOpcode
          return reader.keepFrom
        case WEBSOCKET_EVENT.PING:
          this.#pong(slot, bytes, reader.payloadStart, reader.payloadEnd)
          break
        case WEBSOCKET_EVENT.PONG:
          this.#sink.onWebSocketPong(slot)
          break
        case WEBSOCKET_EVENT.CLOSE:
          this.#events.onEnd(slot, `close ${reader.closeCode}`, '', false, {
            code: reader.closeCode,
            retryAfterMs: 0,
          })
          break
        default:
          this.#events.onEnd(slot, String(reader.fault), '', true)
      }
      if (!this.#engine.isOpen(slot)) return end
    }
  }

  #pong(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    const at = this.#engine.reserve(CONTROL_FRAME_BYTES_MAX)
    const { outbox } = this.#engine
    const pongEnd = writeWebSocketPong(outbox, at, bytes, start, end, this.#maskKey())
    this.#engine.commit(slot, at, pongEnd)
  }

  #maskKey(): number {
    return this.#masks.nextUint32()
  }
}
