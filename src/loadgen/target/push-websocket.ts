/**
 * Drives the push protocol over WebSocket, subprotocol push.v1: one binary message per frame,
 * masked with a fresh key each. One Sec-WebSocket-Key serves all connections of a shard, so the
 * upgrade request is written once; the answer is checked all the same. Per connection 5 bytes: what
 * the reader must remember inside a fragmented message.
 */
import { randomBytes } from 'node:crypto'
import type { Slot, SocketEngine } from '../../engine/socket-engine.ts'
import { LIMITS } from '../../protocol/frame-types.ts'
import {
  refusalBody,
  UpgradeResponse,
  upgradeKeyFromBytes,
  upgradeRequestText,
} from '../../protocol/websocket-client-handshake.ts'
import {
  CLOSE_CODE,
  CONTROL_FRAME_BYTES_MAX,
  HEADER_BYTES_MAX,
  OPCODE,
} from '../../protocol/websocket-frame.ts'
import {
  acceptFromKey,
  SUBPROTOCOL_BINARY,
  UPGRADE_EVENT,
} from '../../protocol/websocket-handshake.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../protocol/websocket-reader.ts'
import {
  writeClose,
  writeHeaderBefore,
  writeWebSocketPong,
} from '../../protocol/websocket-writer.ts'
import { type SeededRandom, seededRandom } from '../seeded-random.ts'
import { PushFrames } from './push-frames.ts'
import { hostPort, type ResolvedTarget } from './target-address.ts'
import type { ConnectionEvents, DriverOptions, TargetDriver } from './target-driver.ts'

const OFFERED = [SUBPROTOCOL_BINARY]
/** fragmentOpcode of a connection whose upgrade is not answered yet. */
const UPGRADING = 0xff

export class PushWebSocketDriver implements TargetDriver {
  readonly #engine: SocketEngine
  readonly #events: ConnectionEvents
  readonly #frames: PushFrames
  readonly #request: Uint8Array
  readonly #accept: string
  readonly #response = new UpgradeResponse()
  readonly #reader = new WebSocketReader({ role: 'client', messageBytesMax: LIMITS.frameBytesMax })
  readonly #assembledBytes: Uint32Array
  readonly #fragmentOpcode: Uint8Array
  readonly #outboxView: DataView
  /**
   * Mask keys must be unpredictable to a page that runs in a browser (RFC 6455, 10.3), which bench
   * is not.
   */
  readonly #masks: SeededRandom

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    options: DriverOptions,
    events: ConnectionEvents,
  ) {
    this.#engine = engine
    this.#events = events
    this.#frames = new PushFrames(options, events)
    const key = upgradeKeyFromBytes(randomBytes(16))
    this.#accept = acceptFromKey(key)
    const host = hostPort(target.host, target.port)
    const request = { target: target.path, host, key, subprotocols: OFFERED }
    this.#request = Buffer.from(upgradeRequestText(request), 'latin1')
    this.#assembledBytes = new Uint32Array(engine.capacity)
    this.#fragmentOpcode = new Uint8Array(engine.capacity)
    const { buffer, byteOffset, byteLength } = engine.outbox
    this.#outboxView = new DataView(buffer, byteOffset, byteLength)
    this.#masks = seededRandom(randomBytes(4).readUInt32BE())
  }

  greet(slot: Slot): boolean {
    const at = this.#engine.reserve(this.#request.length)
    this.#engine.outbox.set(this.#request, at)
    this.#engine.commit(slot, at, at + this.#request.length)
    this.#assembledBytes[slot] = 0
    this.#fragmentOpcode[slot] = UPGRADING
    return false
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

  sendUpstream(slot: Slot, seq: number, intendedUs: number, writtenUs: number): void {
    const at = this.#reserve(this.#frames.send.length)
    const { outbox } = this.#engine
    const end = this.#frames.writeSend(outbox, this.#outboxView, at, seq, intendedUs, writtenUs)
    this.#commit(slot, at, end)
  }

  ping(slot: Slot): void {
    const { ping } = this.#frames
    const at = this.#reserve(ping.length)
    this.#engine.outbox.set(ping, at)
    this.#commit(slot, at, at + ping.length)
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
    const event = response.read(bytes, start, end, this.#accept, OFFERED)
    if (event === UPGRADE_EVENT.NEED_MORE) return -1
    if (event === UPGRADE_EVENT.FAULT) {
      const refused = response.fault === 'upgrade-refused'
      const cause = refused ? `http ${response.status}` : String(response.fault)
      this.#events.onEnd(slot, cause, refusalBody(response, bytes, end), !refused)
      return end
    }
    this.#fragmentOpcode[slot] = 0
    const at = this.#reserve(this.#frames.hello.length)
    this.#commit(slot, at, this.#frames.writeHello(this.#engine.outbox, at, connection))
    this.#events.onGreeting(slot)
    return response.headEnd
  }

  #readMessages(slot: Slot, bytes: Uint8Array, start: number, end: number): number {
    const reader = this.#reader
    reader.begin(bytes, start, end, this.#assembledBytes[slot], this.#fragmentOpcode[slot])
    for (;;) {
      switch (reader.next()) {
        case WEBSOCKET_EVENT.BINARY:
          this.#frames.onFrame(slot, bytes, reader.payloadStart, reader.payloadEnd)
          break
        case WEBSOCKET_EVENT.NEED_MORE:
          this.#assembledBytes[slot] = reader.assembledBytes
          this.#fragmentOpcode[slot] = reader.fragmentOpcode
          return reader.keepFrom
        case WEBSOCKET_EVENT.PING:
          this.#pong(slot, bytes, reader.payloadStart, reader.payloadEnd)
          break
        case WEBSOCKET_EVENT.PONG:
          break
        case WEBSOCKET_EVENT.CLOSE:
          this.#events.onEnd(slot, `close ${reader.closeCode}`, '', false, {
            code: reader.closeCode,
            retryAfterMs: 0,
          })
          break
        case WEBSOCKET_EVENT.TEXT:
          this.#events.onEnd(slot, 'text-message', 'push.v1 has binary messages only', true)
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

  /** Offset for a payload, with room for the largest header in front. */
  #reserve(payloadBytes: number): number {
    return this.#engine.reserve(HEADER_BYTES_MAX + payloadBytes) + HEADER_BYTES_MAX
  }

  #commit(slot: Slot, start: number, end: number): void {
    const { outbox } = this.#engine
    const frameStart = writeHeaderBefore(outbox, start, end, OPCODE.BINARY, this.#maskKey())
    this.#engine.commit(slot, frameStart, end)
  }

  #maskKey(): number {
    return this.#masks.nextUint32()
  }
}
