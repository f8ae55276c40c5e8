/** Pushes as PUBLISH packets: to the topics of devices, or to the one of broadcasts. */
import { PushctlError } from '../../../errors/pushctl-error.ts'
import type { BatchStreamEvents } from '../../batch-stream.ts'
import { BROADCAST_MARK, MARKER_BYTES, writeMarker } from '../../marker.ts'
import type { PayloadText } from '../../population/payload-text.ts'
import type { TemplateNames } from '../message-template.ts'
import { BrokerAnswers } from '../mqtt/broker-answers.ts'
import { PACKET_EVENT, PACKET_TYPE, PacketReader } from '../mqtt/packet-reader.ts'
import {
  connectPacket,
  DISCONNECT,
  protocolVersionOf,
  PublishTemplate,
} from '../mqtt/packet-templates.ts'
import type { WireSettings } from '../wire-settings.ts'
import { wrongProtocolCause } from '../wrong-protocol.ts'
import type { PublishConversation, PublishFormat } from './publish-wire.ts'

export class MqttPublishFormat implements PublishFormat {
  readonly lineBytes: number
  readonly #template: PublishTemplate
  readonly #runId: number
  readonly #seqMark: number
  #view: DataView = new DataView(new ArrayBuffer(0))
  readonly #text: PayloadText | null
  #published = 0

  constructor(
    names: TemplateNames,
    wire: WireSettings,
    messageBytes: number,
    toAll: boolean,
    text: PayloadText | null = null,
  ) {
    const topic = toAll ? wire.broadcastTopic : wire.deviceTopic
    this.#template = new PublishTemplate(topic, names, wire, messageBytes)
    this.lineBytes = this.#template.bytes.length
    this.#runId = names.runId
    this.#seqMark = toAll ? BROADCAST_MARK : 0
    this.#text = text
    if (text !== null) {
      this.#template.bytes.set(text.bytes, this.#template.payloadAt + MARKER_BYTES)
    }
  }

  write(
    chunk: Uint8Array,
    at: number,
    device: number,
    seq: number,
    intendedUs: number,
    writtenUs: number,
  ): void {
    if (this.#view.buffer !== chunk.buffer) this.#view = new DataView(chunk.buffer)
    const template = this.#template
    template.write(chunk, at, device)
    // Ids are of the connection, whatever device a push is for.
    template.writeId(chunk, at, ++this.#published)
    const markerAt = chunk.byteOffset + at + template.payloadAt
    const mark = this.#seqMark + seq
    writeMarker(this.#view, markerAt, this.#runId, mark, intendedUs, writtenUs)
    this.#text?.write(chunk, at + template.payloadAt + MARKER_BYTES, device, seq)
  }
}

export class MqttConversation implements PublishConversation {
  readonly greeting: Uint8Array
  readonly goodbye = DISCONNECT
  isReady = false
  answered: number | null
  readonly #shown: string
  readonly #reader: PacketReader
  readonly #answers: BrokerAnswers
  readonly #events: BatchStreamEvents

  constructor(clientId: string, wire: WireSettings, shown: string, events: BatchStreamEvents) {
    const version = protocolVersionOf(wire)
    this.greeting = connectPacket(clientId, 0, wire)
    this.answered = wire.qos === 0 ? null : 0
    this.#shown = shown
    this.#reader = new PacketReader(version)
    this.#answers = new BrokerAnswers(version)
    this.#events = events
  }

  read(bytes: Uint8Array, start: number, end: number): number {
    const reader = this.#reader
    if (!this.isReady) {
      const cause = wrongProtocolCause(bytes, start, end, 'MQTT')
      if (cause !== null) throw this.#protocolError(cause)
    }
    let at = start
    for (;;) {
      const event = reader.next(bytes, at, end)
      if (event === PACKET_EVENT.NEED_MORE) return at
      if (event === PACKET_EVENT.FAULT) throw this.#protocolError(String(reader.fault))
      if (reader.type === PACKET_TYPE.PUBACK) this.#onPuback(bytes)
      else this.#onAnswer(bytes, at)
      at = reader.packetEnd
    }
  }

  /** Version 5 adds a reason; from 0x80 on it is a refusal. */
  #onPuback(bytes: Uint8Array): void {
    const { bodyStart, packetEnd } = this.#reader
    const code = packetEnd > bodyStart + 2 ? bytes[bodyStart + 2] : 0
    this.answered = (this.answered ?? 0) + 1
    if (code >= 0x80) this.#events.onRefused(`puback ${code}`, `packet ${bytes[bodyStart]}`)
  }

  #onAnswer(bytes: Uint8Array, start: number): void {
    const answer = this.#answers.read(bytes, start, this.#reader.packetEnd)
    if (answer === null) throw this.#protocolError('malformed-packet')
    if (answer.refusal !== null) {
      throw new PushctlError('PUSHCTL_TARGET_REFUSED', `${this.#shown} refused the publisher`, {
        why: `${answer.refusal} ${answer.reason}`.trim(),
      })
    }
    if (answer.kind === 'connack') this.isReady = true
  }

  #protocolError(cause: string): PushctlError {
    const message = `the publisher was not answered in MQTT by ${this.#shown}`
    return new PushctlError('PUSHCTL_TARGET_PROTOCOL', message, { why: cause })
  }
}
