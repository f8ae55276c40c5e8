/**
 * Drives any MQTT broker, 3.1.1 or 5: each connection is a client with a clean session that
 * subscribes to a topic of its own, and to that of broadcasts. In mode echo it publishes to its own
 * topic. Its welcome is the SUBACK: from then on it can be reached. Per connection 5 bytes: its
 * number, and which answer is awaited.
 *
 *   CONNECT ─► CONNACK ─► SUBSCRIBE ─► SUBACK (up) ─► PUBLISH … , PINGREQ ─► PINGRESP
 */
import type { Slot, SocketEngine } from '../../../engine/socket-engine.ts'
import { deviceIdOf } from '../../device-names.ts'
import { writeMarker } from '../../marker.ts'
import { DeviceBytes } from '../device-bytes.ts'
import type { ResolvedTarget } from '../target-address.ts'
import {
  type ConnectionEvents,
  type DriverOptions,
  namesOf,
  type TargetDriver,
} from '../target-driver.ts'
import { DEFAULT_WIRE } from '../wire-settings.ts'
import { wrongProtocolCause } from '../wrong-protocol.ts'
import { BrokerAnswers } from './broker-answers.ts'
import { PACKET_EVENT, PACKET_TYPE, PacketReader } from './packet-reader.ts'
import {
  connectPacket,
  DISCONNECT,
  KEEPALIVE_SECONDS_DEFAULT,
  PINGREQ,
  protocolVersionOf,
  PUBACK_HEAD,
  PublishTemplate,
  subscribeTemplate,
} from './packet-templates.ts'

const AWAITS = { CONNACK: 0, SUBACK: 1, NOTHING: 2 } as const
const PUBACK_BYTES = 4
/** Type and flags; the flags are reserved. */
const CONNACK_BYTE = PACKET_TYPE.CONNACK << 4

export class MqttDriver implements TargetDriver {
  readonly #engine: SocketEngine
  readonly #events: ConnectionEvents
  readonly #runId: number
  readonly #reader: PacketReader
  readonly #answers: BrokerAnswers
  readonly #connect: DeviceBytes
  readonly #subscribe: DeviceBytes
  readonly #publish: PublishTemplate
  readonly #outboxView: DataView
  readonly #connection: Uint32Array
  readonly #awaits: Uint8Array
  /** Ours, or what the broker imposes on all. */
  #keepaliveSeconds: number

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    options: DriverOptions,
    events: ConnectionEvents,
  ) {
    const wire = target.wire ?? DEFAULT_WIRE
    const names = namesOf(options)
    const version = protocolVersionOf(wire)
    this.#engine = engine
    this.#events = events
    this.#runId = options.runId
    this.#keepaliveSeconds = options.heartbeatSeconds || KEEPALIVE_SECONDS_DEFAULT
    this.#reader = new PacketReader(version)
    this.#answers = new BrokerAnswers(version)
    const clientId = deviceIdOf(names.devices, 0)
    const connect = connectPacket(clientId, this.#keepaliveSeconds, wire)
    this.#connect = new DeviceBytes(connect, names.devices)
    this.#subscribe = subscribeTemplate(names, wire, options.broadcast)
    this.#publish = new PublishTemplate(wire.deviceTopic, names, wire, options.messageBytes)
    this.#connection = new Uint32Array(engine.capacity)
    this.#awaits = new Uint8Array(engine.capacity)
    const { buffer, byteOffset, byteLength } = engine.outbox
    this.#outboxView = new DataView(buffer, byteOffset, byteLength)
  }

  greet(slot: Slot, connection: number): boolean {
    this.#connection[slot] = connection
    this.#awaits[slot] = AWAITS.CONNACK
    this.#sendTemplate(slot, this.#connect)
    return true
  }

  receive(slot: Slot, _connection: number, bytes: Uint8Array, start: number, end: number): number {
    const reader = this.#reader
    if (this.#awaits[slot] === AWAITS.CONNACK && !this.#isConnack(slot, bytes, start, end)) {
      return end
    }
    let at = start
    for (;;) {
      const event = reader.next(bytes, at, end)
      if (event === PACKET_EVENT.NEED_MORE) return at
      if (event === PACKET_EVENT.FAULT) {
        this.#events.onEnd(slot, String(reader.fault), `byte ${bytes[at]}`, true)
        return end
      }
      this.#onPacket(slot, bytes, at)
      at = reader.packetEnd
      if (at === end || !this.#engine.isOpen(slot)) return end
    }
  }

  sendUpstream(slot: Slot, seq: number, intendedUs: number, writtenUs: number): void {
    const template = this.#publish
    const at = this.#engine.reserve(template.bytes.length)
    const { outbox } = this.#engine
    const end = template.write(outbox, at, this.#connection[slot])
    template.writeId(outbox, at, seq)
    const markerAt = at + template.payloadAt
    writeMarker(this.#outboxView, markerAt, this.#runId, seq, intendedUs, writtenUs)
    this.#engine.commit(slot, at, end)
  }

  ping(slot: Slot): void {
    this.#send(slot, PINGREQ)
  }

  sayGoodbye(slot: Slot): void {
    this.#send(slot, DISCONNECT)
  }

  /** The first byte that a broker sends is that of a CONNACK; anything else is no broker. */
  #isConnack(slot: Slot, bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start] === CONNACK_BYTE) return true
    const cause = wrongProtocolCause(bytes, start, end, 'MQTT') ?? 'no-connack'
    this.#events.onEnd(slot, cause, `byte ${bytes[start]}`, true)
    return false
  }

  #onPacket(slot: Slot, bytes: Uint8Array, start: number): void {
    const reader = this.#reader
    switch (reader.type) {
      case PACKET_TYPE.PUBLISH:
        this.#onPublish(slot, bytes)
        break
      case PACKET_TYPE.PINGRESP:
        this.#events.onPong(slot, -1)
        break
      case PACKET_TYPE.PUBACK:
        // Whether a message came back says more than whether the broker took it.
        break
      case PACKET_TYPE.CONNACK:
      case PACKET_TYPE.SUBACK:
      case PACKET_TYPE.DISCONNECT:
        this.#onAnswer(slot, bytes, start)
        break
      default:
        this.#events.onEnd(slot, 'unexpected-packet', `packet type ${reader.type}`, true)
    }
  }

  #onPublish(slot: Slot, bytes: Uint8Array): void {
    const reader = this.#reader
    if (!reader.readPublish(bytes)) {
      this.#events.onEnd(slot, String(reader.fault), '', true)
      return
    }
    if (reader.qos > 0) this.#acknowledge(slot, reader.packetId)
    this.#events.onMessage(slot, bytes, reader.payloadStart, reader.packetEnd)
  }

  #acknowledge(slot: Slot, packetId: number): void {
    const at = this.#engine.reserve(PUBACK_BYTES)
    const { outbox } = this.#engine
    outbox.set(PUBACK_HEAD, at)
    outbox[at + 2] = packetId >>> 8
    outbox[at + 3] = packetId & 0xff
    this.#engine.commit(slot, at, at + PUBACK_BYTES)
  }

  #onAnswer(slot: Slot, bytes: Uint8Array, start: number): void {
    const answer = this.#answers.read(bytes, start, this.#reader.packetEnd)
    if (answer === null) {
      this.#events.onEnd(slot, 'malformed-packet', `packet type ${this.#reader.type}`, true)
    } else if (answer.refusal !== null) {
      this.#events.onEnd(slot, answer.refusal, answer.reason, false)
    } else if (answer.kind === 'connack' && this.#awaits[slot] === AWAITS.CONNACK) {
      this.#awaits[slot] = AWAITS.SUBACK
      this.#keepaliveSeconds = answer.keepaliveSeconds ?? this.#keepaliveSeconds
      this.#sendTemplate(slot, this.#subscribe)
    } else if (answer.kind === 'suback' && this.#awaits[slot] === AWAITS.SUBACK) {
      this.#awaits[slot] = AWAITS.NOTHING
      this.#events.onWelcome(slot, this.#keepaliveSeconds)
    } else this.#events.onEnd(slot, 'unexpected-packet', answer.kind, true)
  }

  #sendTemplate(slot: Slot, template: DeviceBytes): void {
    const at = this.#engine.reserve(template.bytes.length)
    const end = template.write(this.#engine.outbox, at, this.#connection[slot])
    this.#engine.commit(slot, at, end)
  }

  #send(slot: Slot, packet: Uint8Array): void {
    const at = this.#engine.reserve(packet.length)
    this.#engine.outbox.set(packet, at)
    this.#engine.commit(slot, at, at + packet.length)
  }
}
