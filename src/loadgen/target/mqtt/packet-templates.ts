/**
 * The packets that bench sends to a broker, written once by mqtt-packet for device 0 and then
 * copied with other digits, ids and markers in them.
 */
import { MARKER_BYTES, payloadTemplate } from '../../marker.ts'
import { DeviceBytes } from '../device-bytes.ts'
import { type TemplateNames, textForFirst } from '../message-template.ts'
import type { WireSettings } from '../wire-settings.ts'
import { packetLibrary } from './packet-library.ts'

/** Where nothing is said: brokers expect a sign of life at least every one and a half of these. */
export const KEEPALIVE_SECONDS_DEFAULT = 60

export const PINGREQ = Uint8Array.of(0xc0, 0)
export const DISCONNECT = Uint8Array.of(0xe0, 0)
/** Followed by the packet id. */
export const PUBACK_HEAD = Uint8Array.of(0x40, 2)
/** Packet id of the one SUBSCRIBE of a connection. */
const SUBSCRIBE_ID = 1

export function protocolVersionOf(wire: WireSettings): 4 | 5 {
  return wire.mqttVersion === '5' ? 5 : 4
}

/** A CONNECT of a clean session; `keepaliveSeconds` 0: the broker waits for ever. */
export function connectPacket(
  clientId: string,
  keepaliveSeconds: number,
  wire: WireSettings,
): Buffer {
  const protocolVersion = protocolVersionOf(wire)
  const { credentials } = wire
  return packetLibrary().generate(
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion,
      clean: true,
      clientId,
      keepalive: keepaliveSeconds,
      ...(credentials === null
        ? {}
        : { username: credentials.username, password: Buffer.from(credentials.password) }),
    },
    { protocolVersion },
  )
}

/** To the device's own topic, and to that of broadcasts. */
export function subscribeTemplate(
  names: TemplateNames,
  wire: WireSettings,
  toBroadcasts: boolean,
): DeviceBytes {
  const protocolVersion = protocolVersionOf(wire)
  const topics = toBroadcasts ? [wire.deviceTopic, wire.broadcastTopic] : [wire.deviceTopic]
  const subscriptions = topics.map((topic) => ({
    topic: textForFirst(topic, names),
    qos: wire.qos,
  }))
  const { generate } = packetLibrary()
  const packet = { cmd: 'subscribe', messageId: SUBSCRIBE_ID, subscriptions } as const
  // Options that only version 5 has are required by the types of mqtt-packet alone.
  const bytes = generate(packet as Parameters<typeof generate>[0], { protocolVersion })
  return new DeviceBytes(bytes, names.devices)
}

/** A PUBLISH; its payload lies at its end, the packet id, where there is one, at `idAt`. */
export class PublishTemplate extends DeviceBytes {
  /** Offset of the packet id, -1 with QoS 0. */
  readonly idAt: number
  /** Offset of the payload, which opens with the marker. */
  readonly payloadAt: number

  constructor(topicTemplate: string, names: TemplateNames, wire: WireSettings, bytes: number) {
    const topic = textForFirst(topicTemplate, names)
    const payload = Buffer.from(payloadTemplate(Math.max(bytes, MARKER_BYTES)))
    const protocolVersion = protocolVersionOf(wire)
    const packet = packetLibrary().generate(
      { cmd: 'publish', topic, payload, qos: wire.qos, messageId: 1, dup: false, retain: false },
      { protocolVersion },
    )
    super(packet, names.devices)
    this.payloadAt = packet.length - payload.length
    this.idAt = wire.qos === 0 ? -1 : packet.indexOf(topic) + Buffer.byteLength(topic)
  }

  /** Puts a packet id for the given message number into the packet at out[at…]. */
  writeId(out: Uint8Array, at: number, seq: number): void {
    if (this.idAt < 0) return
    const id = packetIdOf(seq)
    out[at + this.idAt] = id >>> 8
    out[at + this.idAt + 1] = id & 0xff
  }
}

/** 1 … 65,535 in turn: 0 is no packet id. */
export function packetIdOf(seq: number): number {
  return ((seq - 1) % 0xffff) + 1
}
