/**
 * Finds MQTT packets in a byte region (3.1.1 and 5, section 2), and the payload of a PUBLISH in
 * place: an object per message, as a general parser makes, would be garbage by the million. All
 * other packets are rare and go whole to mqtt-packet. One reader serves a shard.
 *
 *   │ type 4 bits, flags 4 bits │ remaining length, 1-4 bytes, 7 bits each │ body │
 */

export const PACKET_EVENT = { NEED_MORE: 0, PACKET: 1, FAULT: 2 } as const
export type PacketEvent = (typeof PACKET_EVENT)[keyof typeof PACKET_EVENT]

export const PACKET_TYPE = {
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  SUBACK: 9,
  PINGRESP: 13,
  DISCONNECT: 14,
} as const

/** Largest packet; the engine keeps at most 80 KiB of a connection. */
export const PACKET_BYTES_MAX = 76 * 1024
const LENGTH_BYTES_MAX = 4

export type PacketFault = 'bad-remaining-length' | 'packet-too-big' | 'bad-publish'

export class PacketReader {
  type = 0
  bodyStart = 0
  packetEnd = 0
  fault: PacketFault | null = null
  /** After readPublish(). */
  qos = 0
  /** Of a PUBLISH with QoS 1 or 2, or of an acknowledgement. */
  packetId = 0
  payloadStart = 0
  #flags = 0
  readonly #hasProperties: boolean

  /** `version`: 4 is 3.1.1. */
  constructor(version: 4 | 5) {
    this.#hasProperties = version === 5
  }

  /** Looks for a whole packet at `at`. */
  next(bytes: Uint8Array, at: number, end: number): PacketEvent {
    if (at >= end) return PACKET_EVENT.NEED_MORE
    this.type = bytes[at] >>> 4
    this.#flags = bytes[at] & 15
    let length = 0
    for (let index = 0; index < LENGTH_BYTES_MAX; index++) {
      const place = at + 1 + index
      if (place >= end) return PACKET_EVENT.NEED_MORE
      length += (bytes[place] & 0x7f) * 2 ** (7 * index)
      if (bytes[place] >= 0x80) continue
      this.bodyStart = place + 1
      this.packetEnd = this.bodyStart + length
      if (this.packetEnd - at > PACKET_BYTES_MAX) return this.#fail('packet-too-big')
      return this.packetEnd > end ? PACKET_EVENT.NEED_MORE : PACKET_EVENT.PACKET
    }
    return this.#fail('bad-remaining-length')
  }

  /** Reads the PUBLISH that next() found; false: it is malformed. */
  readPublish(bytes: Uint8Array): boolean {
    const end = this.packetEnd
    this.qos = (this.#flags >>> 1) & 3
    let at = this.bodyStart + 2
    if (at > end || this.qos === 3) return this.#isMalformed()
    at += (bytes[at - 2] << 8) | bytes[at - 1]
    this.packetId = 0
    if (this.qos > 0) {
      at += 2
      if (at <= end) this.packetId = (bytes[at - 2] << 8) | bytes[at - 1]
    }
    if (this.#hasProperties) at = behindProperties(bytes, at, end)
    this.payloadStart = at
    return at <= end || this.#isMalformed()
  }

  /** Reads the packet id of a PUBACK; 0 where there is none. */
  readPacketId(bytes: Uint8Array): number {
    const at = this.bodyStart
    return at + 2 <= this.packetEnd ? (bytes[at] << 8) | bytes[at + 1] : 0
  }

  #isMalformed(): false {
    this.fault = 'bad-publish'
    return false
  }

  #fail(fault: PacketFault): PacketEvent {
    this.fault = fault
    return PACKET_EVENT.FAULT
  }
}

/** Behind a property length and its properties; beyond `end` where they do not fit. */
function behindProperties(bytes: Uint8Array, start: number, end: number): number {
  let length = 0
  for (let index = 0; index < LENGTH_BYTES_MAX && start + index < end; index++) {
    length += (bytes[start + index] & 0x7f) * 2 ** (7 * index)
    if (bytes[start + index] < 0x80) return start + index + 1 + length
  }
  return end + 1
}
