/**
 * Drives the push protocol over WebSocket, subprotocol push.v1: one binary message per frame. Keeps
 * nothing per connection but what the WebSocket client does.
 */
import type { Slot, SocketEngine } from '../../engine/socket-engine.ts'
import { OPCODE } from '../../protocol/websocket-frame.ts'
import { SUBPROTOCOL_BINARY } from '../../protocol/websocket-handshake.ts'
import { ACK_BYTES_MAX, PushFrames } from './push-frames.ts'
import type { ResolvedTarget } from './target-address.ts'
import type { ConnectionEvents, DriverOptions, TargetDriver } from './target-driver.ts'
import { WebSocketClient, type WebSocketSink } from './websocket/websocket-client.ts'

const WISHES = { subprotocols: [SUBPROTOCOL_BINARY], headers: {} }

export class PushWebSocketDriver implements TargetDriver, WebSocketSink {
  readonly #engine: SocketEngine
  readonly #events: ConnectionEvents
  readonly #frames: PushFrames
  readonly #client: WebSocketClient
  readonly #outboxView: DataView

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    options: DriverOptions,
    events: ConnectionEvents,
  ) {
    this.#engine = engine
    this.#events = events
    this.#frames = new PushFrames(options, events)
    this.#client = new WebSocketClient(engine, target, WISHES, options, events, this)
    const { buffer, byteOffset, byteLength } = engine.outbox
    this.#outboxView = new DataView(buffer, byteOffset, byteLength)
  }

  greet(slot: Slot, connection: number): boolean {
    this.#client.greet(slot, connection)
    return false
  }

  receive(slot: Slot, connection: number, bytes: Uint8Array, start: number, end: number): number {
    const readTo = this.#client.receive(slot, connection, bytes, start, end)
    this.#acknowledge(slot)
    return readTo
  }

  /** Of all messages of one read at once. */
  #acknowledge(slot: Slot): void {
    for (let stream = this.#frames.nextAck(); stream >= 0; stream = this.#frames.nextAck()) {
      const at = this.#client.reserve(ACK_BYTES_MAX)
      const end = this.#frames.writeAck(this.#engine.outbox, at, stream)
      if (this.#engine.isOpen(slot)) this.#client.commit(slot, at, end, OPCODE.BINARY)
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
    const at = this.#client.reserve(frames.beginSend())
    const { outbox } = this.#engine
    const view = this.#outboxView
    const end = frames.writeSend(outbox, view, at, seq, intendedUs, writtenUs, connection)
    this.#client.commit(slot, at, end, OPCODE.BINARY)
  }

  /** The protocol's own PING: it is answered with a new grant. */
  ping(slot: Slot): void {
    const { ping } = this.#frames
    const at = this.#client.reserve(ping.length)
    this.#engine.outbox.set(ping, at)
    this.#client.commit(slot, at, at + ping.length, OPCODE.BINARY)
  }

  sayGoodbye(slot: Slot): void {
    this.#client.sayGoodbye(slot)
  }

  onUpgraded(slot: Slot, connection: number): void {
    const at = this.#client.reserve(this.#frames.hello.length)
    const end = this.#frames.writeHello(this.#engine.outbox, at, connection)
    this.#client.commit(slot, at, end, OPCODE.BINARY)
    this.#events.onGreeting(slot)
  }

  onBinary(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    this.#frames.onFrame(slot, bytes, start, end)
  }

  onText(slot: Slot): void {
    this.#events.onEnd(slot, 'text-message', 'push.v1 has binary messages only', true)
  }

  onWebSocketPong(): void {}
}
