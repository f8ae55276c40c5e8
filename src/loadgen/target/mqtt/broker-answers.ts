/**
 * What a broker says beside messages: whether it takes the connection and the subscriptions, and
 * why it ends them. Read by mqtt-packet, whose packet objects are fine for what comes once or twice
 * in the life of a connection.
 */
import type * as mqtt from 'mqtt-packet'
import { packetLibrary } from './packet-library.ts'

export interface BrokerAnswer {
  readonly kind: 'connack' | 'suback' | 'disconnect' | 'other'
  /** null: it is a yes; else "connack 5 not-authorized". */
  readonly refusal: string | null
  /** What the broker adds in words (version 5), "" for nothing. */
  readonly reason: string
  /** Keepalive that the broker imposes (version 5), null: ours stands. */
  readonly keepaliveSeconds: number | null
}

/** Return codes of CONNACK in 3.1.1 (table 3.1). */
const RETURN_CODES: Readonly<Record<number, string>> = {
  1: 'unacceptable-protocol-version',
  2: 'identifier-rejected',
  3: 'server-unavailable',
  4: 'bad-user-name-or-password',
  5: 'not-authorized',
}

/** Reason codes of version 5 from here on are refusals; a SUBACK of 3.1.1 uses 0x80 alike. */
const REASON_REFUSED = 0x80

/** The reason codes of version 5 that a load test meets (section 2.4). */
const REASON_CODES: Readonly<Record<number, string>> = {
  0x80: 'unspecified-error',
  0x81: 'malformed-packet',
  0x82: 'protocol-error',
  0x84: 'unsupported-protocol-version',
  0x85: 'client-identifier-not-valid',
  0x86: 'bad-user-name-or-password',
  0x87: 'not-authorized',
  0x88: 'server-unavailable',
  0x89: 'server-busy',
  0x8a: 'banned',
  0x8b: 'server-shutting-down',
  0x8d: 'keep-alive-timeout',
  0x8e: 'session-taken-over',
  0x8f: 'topic-filter-invalid',
  0x95: 'packet-too-large',
  0x96: 'message-rate-too-high',
  0x97: 'quota-exceeded',
  0x9c: 'use-another-server',
  0x9d: 'server-moved',
  0x9f: 'connection-rate-exceeded',
}

export class BrokerAnswers {
  readonly #parser: mqtt.Parser
  #packet: mqtt.Packet | null = null
  #error: Error | null = null

  constructor(protocolVersion: 4 | 5) {
    this.#parser = packetLibrary().parser({ protocolVersion })
    this.#parser.on('packet', (packet) => {
      this.#packet = packet
    })
    this.#parser.on('error', (error) => {
      this.#error = error
    })
  }

  /** Reads one whole packet; null where it is malformed. */
  read(bytes: Uint8Array, start: number, end: number): BrokerAnswer | null {
    this.#packet = null
    this.#error = null
    this.#parser.parse(Buffer.from(bytes.subarray(start, end)))
    return this.#error !== null || this.#packet === null ? null : answerOf(this.#packet)
  }
}

function answerOf(packet: mqtt.Packet): BrokerAnswer {
  switch (packet.cmd) {
    case 'connack': {
      const code = packet.returnCode ?? packet.reasonCode ?? 0
      const refusal = code === 0 ? null : named('connack', code)
      const keepaliveSeconds = packet.properties?.serverKeepAlive ?? null
      return { kind: 'connack', refusal, reason: reasonOf(packet), keepaliveSeconds }
    }
    case 'suback': {
      const codes = packet.granted.map(Number)
      const refused = codes.find((code) => code >= REASON_REFUSED)
      const refusal = refused === undefined ? null : named('suback', refused)
      return { kind: 'suback', refusal, reason: reasonOf(packet), keepaliveSeconds: null }
    }
    case 'disconnect':
      return {
        kind: 'disconnect',
        refusal: named('disconnect', packet.reasonCode ?? 0),
        reason: reasonOf(packet),
        keepaliveSeconds: null,
      }
    default:
      return { kind: 'other', refusal: null, reason: packet.cmd, keepaliveSeconds: null }
  }
}

function reasonOf(packet: { properties?: { reasonString?: string } }): string {
  return packet.properties?.reasonString ?? ''
}

function named(kind: string, code: number): string {
  const name = RETURN_CODES[code] ?? REASON_CODES[code]
  return name === undefined ? `${kind} ${code}` : `${kind} ${code} ${name}`
}
