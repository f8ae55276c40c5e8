/**
 * Drives the push protocol over plain TCP: each frame behind its varint length. Keeps nothing per
 * connection.
 */
import type { Slot, SocketEngine } from '../../engine/socket-engine.ts'
import { FROM_NODE_BIT, LIMITS } from '../../protocol/frame-types.ts'
import {
  LENGTH_BYTES_MAX,
  TCP_EVENT,
  TcpFraming,
  writeLengthBefore,
} from '../../protocol/tcp-framing.ts'
import { ACK_BYTES_MAX, PushFrames } from './push-frames.ts'
import type { ConnectionEvents, DriverOptions, TargetDriver } from './target-driver.ts'
import { wrongProtocolCause } from './wrong-protocol.ts'

export class PushTcpDriver implements TargetDriver {
  readonly #engine: SocketEngine
  readonly #frames: PushFrames
  readonly #framing = new TcpFraming(LIMITS.frameBytesMax)
  readonly #events: ConnectionEvents
  readonly #outboxView: DataView

  constructor(engine: SocketEngine, options: DriverOptions, events: ConnectionEvents) {
    this.#engine = engine
    this.#events = events
    this.#frames = new PushFrames(options, events)
    const { buffer, byteOffset, byteLength } = engine.outbox
    this.#outboxView = new DataView(buffer, byteOffset, byteLength)
  }

  greet(slot: Slot, connection: number): boolean {
    const at = this.#reserve(this.#frames.hello.length)
    this.#commit(slot, at, this.#frames.writeHello(this.#engine.outbox, at, connection))
    return true
  }

  receive(slot: Slot, _connection: number, bytes: Uint8Array, start: number, end: number): number {
    const readTo = this.#readFrames(slot, bytes, start, end)
    this.#acknowledge(slot)
    return readTo
  }

  #readFrames(slot: Slot, bytes: Uint8Array, start: number, end: number): number {
    const framing = this.#framing
    let at = start
    for (;;) {
      const event = framing.next(bytes, at, end)
      if (event === TCP_EVENT.NEED_MORE) {
        if (!isStranger(framing.pendingType)) return at
        this.#fail(slot, bytes, at, end, 'unknown-type', `frame type ${framing.pendingType}`)
        return end
      }
      if (event === TCP_EVENT.FAULT) {
        this.#fail(slot, bytes, at, end, String(framing.fault), `byte ${bytes[at]}`)
        return end
      }
      if (isStranger(bytes[framing.bodyStart])) {
        const type = bytes[framing.bodyStart]
        this.#fail(slot, bytes, at, end, 'unknown-type', `frame type ${type}`)
        return end
      }
      at = framing.bodyEnd
      this.#frames.onFrame(slot, bytes, framing.bodyStart, at)
      if (at === end || !this.#engine.isOpen(slot)) return end
    }
  }

  sendUpstream(
    slot: Slot,
    seq: number,
    intendedUs: number,
    writtenUs: number,
    connection: number,
  ): void {
    const frames = this.#frames
    const at = this.#reserve(frames.beginSend())
    const { outbox } = this.#engine
    const view = this.#outboxView
    const end = frames.writeSend(outbox, view, at, seq, intendedUs, writtenUs, connection)
    this.#commit(slot, at, end)
  }

  ping(slot: Slot): void {
    const { ping } = this.#frames
    const at = this.#reserve(ping.length)
    this.#engine.outbox.set(ping, at)
    this.#commit(slot, at, at + ping.length)
  }

  sayGoodbye(): void {}

  /** Of all messages of one read at once. */
  #acknowledge(slot: Slot): void {
    for (let stream = this.#frames.nextAck(); stream >= 0; stream = this.#frames.nextAck()) {
      const at = this.#reserve(ACK_BYTES_MAX)
      const end = this.#frames.writeAck(this.#engine.outbox, at, stream)
      if (this.#engine.isOpen(slot)) this.#commit(slot, at, end)
    }
  }

  #fail(
    slot: Slot,
    bytes: Uint8Array,
    at: number,
    end: number,
    fault: string,
    sample: string,
  ): void {
    const stranger = wrongProtocolCause(bytes, at, end, 'the push protocol')
    this.#events.onEnd(slot, stranger ?? fault, sample, true)
  }

  /** Offset for a body, with room for its length in front. */
  #reserve(bodyBytes: number): number {
    return this.#engine.reserve(LENGTH_BYTES_MAX + bodyBytes) + LENGTH_BYTES_MAX
  }

  #commit(slot: Slot, bodyStart: number, bodyEnd: number): void {
    const start = writeLengthBefore(this.#engine.outbox, bodyStart, bodyEnd)
    this.#engine.commit(slot, start, bodyEnd)
  }
}

/** A type that no node sends: told at once, instead of waiting for the rest of what is no frame. */
function isStranger(pendingType: number): boolean {
  return pendingType >= 0 && (pendingType & FROM_NODE_BIT) === 0
}
