/**
 * What both carriers of the push protocol share: HELLO and SEND as templates into which digits and
 * the marker are written, and received frames turned into events. Templates cost one copy per
 * message instead of encoding the same fields again.
 */
import type { Slot } from '../../engine/socket-engine.ts'
import { FrameReader } from '../../protocol/frame-reader.ts'
import {
  byeReason,
  ECHO_PRODUCT,
  FRAME,
  HELLO_FLAG,
  MSG_FLAG,
  STREAM,
} from '../../protocol/frame-types.ts'
import {
  helloBytesMax,
  helloFields,
  sendBytesMax,
  writeAck,
  writeHello,
  writePing,
  writeSend,
} from '../../protocol/frame-writer.ts'
import { textFromUtf8 } from '../../protocol/utf8.ts'
import { deviceIdOf, writeDigits } from '../device-names.ts'
import { MARKER_BYTES, payloadTemplate, writeMarker } from '../marker.ts'
import { PayloadText } from '../population/payload-text.ts'
import { classAt, fixedSize, type SizeClasses } from '../population/size-classes.ts'
import { type SeededRandom, seededRandom } from '../seeded-random.ts'
import { DeviceTokens } from './device-tokens.ts'
import type { ConnectionEvents, DriverOptions } from './target-driver.ts'

/** Type, stream and a varint of up to 8 bytes. */
export const ACK_BYTES_MAX = 10
/** Of `ackSeqs`. */
const STREAMS = [STREAM.INBOX, STREAM.BROADCAST] as const

export class PushFrames {
  readonly hello: Uint8Array
  readonly ping: Uint8Array
  readonly #sizes: SizeClasses
  /** By class of size. */
  readonly #sends: readonly SendTemplate[]
  /** The one to be written next. */
  #send: SendTemplate
  readonly #random: SeededRandom
  readonly #text: PayloadText | null
  readonly #digitsAt: number
  readonly #tokens: DeviceTokens | null
  readonly #tokenAt: number
  /** Of the digits of the room in HELLO; -1: devices have none. */
  readonly #roomAt: number
  readonly #options: DriverOptions
  readonly #events: ConnectionEvents
  readonly #reader = new FrameReader({ from: 'node' })
  /**
   * By stream: what the messages read since the last takeAck() asked to acknowledge; 0: nothing.
   */
  readonly #ackSeqs = new Float64Array(STREAMS.length)

  constructor(options: DriverOptions, events: ConnectionEvents) {
    this.#options = options
    this.#events = events
    this.#tokens = tokensOf(options)
    const token = this.#tokens?.tokenOf(0) ?? ''
    this.hello = helloTemplate(options, token)
    this.#tokenAt = indexOfText(this.hello, token)
    this.#digitsAt = indexOfText(this.hello, options.devicePrefix) + options.devicePrefix.length
    const { rooms, payloadText, seed = 0 } = options
    const room = rooms === undefined ? '' : deviceIdOf(rooms.names, 0)
    const roomAt = rooms === undefined ? -1 : indexOfText(this.hello, room)
    this.#roomAt = roomAt < 0 ? -1 : roomAt + (rooms?.names.prefix.length ?? 0)
    const names = { prefix: options.devicePrefix, digits: options.deviceDigits }
    this.#text = payloadText === undefined ? null : new PayloadText(payloadText, names, seed)
    this.#sizes = options.sizes ?? fixedSize(options.messageBytes)
    this.#sends = this.#sizes.bytes.map((bytes) => sendTemplate(bytes, this.#text))
    this.#send = this.#sends[0]
    this.#random = seededRandom(seed)
    this.ping = new Uint8Array(1)
    writePing(this.ping, 0)
  }

  /** Writes the HELLO of a connection at `at`; returns the end. */
  writeHello(out: Uint8Array, at: number, connection: number): number {
    writeDigits(this.hello, this.#digitsAt, this.#options.deviceDigits, connection)
    out.set(this.hello, at)
    if (this.#tokens !== null) {
      writeAscii(out, at + this.#tokenAt, this.#tokens.tokenOf(connection))
    }
    const { rooms } = this.#options
    if (rooms !== undefined && this.#roomAt >= 0) {
      const room = rooms.rooms.roomOf(connection)
      writeDigits(out, at + this.#roomAt, rooms.names.digits, room)
    }
    return at + this.hello.length
  }

  /** Draws the size of the next SEND; returns the bytes of it. */
  beginSend(): number {
    if (this.#sends.length > 1) {
      this.#send = this.#sends[classAt(this.#sizes, this.#random.next())]
    }
    return this.#send.bytes.length
  }

  /** Writes the SEND that was begun at `at`; returns the end. `view` covers `out`. */
  writeSend(
    out: Uint8Array,
    view: DataView,
    at: number,
    seq: number,
    intendedUs: number,
    writtenUs: number,
    connection: number,
  ): number {
    const { bytes, markerAt } = this.#send
    out.set(bytes, at)
    writeMarker(view, at + markerAt, this.#options.runId, seq, intendedUs, writtenUs)
    this.#text?.write(out, at + markerAt + MARKER_BYTES, connection, seq)
    return at + bytes.length
  }

  /** The stream that has something to acknowledge, or -1. */
  nextAck(): number {
    for (const stream of STREAMS) if (this.#ackSeqs[stream] > 0) return stream
    return -1
  }

  /** Writes the ACK of a stream at `at`, and forgets it; returns the end. */
  writeAck(out: Uint8Array, at: number, stream: number): number {
    const end = writeAck(out, at, stream, this.#ackSeqs[stream])
    this.#ackSeqs[stream] = 0
    return end
  }

  /** One frame (type byte and body) to one event. */
  onFrame(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader
    if (!reader.read(bytes, start, end)) {
      this.#events.onEnd(slot, String(reader.fault), `frame type ${bytes[start]}`, true)
      return
    }
    switch (reader.type) {
      case FRAME.MSG:
        if (this.#options.acks && (reader.flags & MSG_FLAG.WANTS_ACK) !== 0) this.#noteAck(reader)
        this.#events.onMessage(slot, bytes, reader.payloadStart, reader.payloadEnd)
        break
      case FRAME.PONG:
        this.#events.onPong(slot, reader.heartbeatSeconds)
        break
      case FRAME.WELCOME:
        this.#events.onWelcome(slot, reader.heartbeatSeconds)
        break
      case FRAME.BYE: {
        const reason = textFromUtf8(bytes, reader.reasonStart, reader.reasonEnd)
        const cause = `bye ${reader.code} ${byeReason(reader.code)}`
        const { code, retryAfterMs } = reader
        const addresses = reader.addressCount === 0 ? [] : addressesIn(reader, bytes)
        this.#events.onEnd(slot, cause, reason, false, { code, retryAfterMs, addresses })
        break
      }
      default:
        // NOTIFY and SENT are answers to things that bench does not ask for; a newer node may send
        // them.
        break
    }
  }

  /** Messages of a stream come in order, so the last one stands for all. */
  #noteAck({ flags, seq }: FrameReader): void {
    const stream = (flags & MSG_FLAG.BROADCAST) === 0 ? STREAM.INBOX : STREAM.BROADCAST
    this.#ackSeqs[stream] = seq
  }
}

function addressesIn(reader: FrameReader, bytes: Uint8Array): string[] {
  const addresses: string[] = []
  while (reader.nextAddress()) {
    addresses.push(textFromUtf8(bytes, reader.addressStart, reader.addressEnd))
  }
  return addresses
}

/** Longer than any run; an issuer's own tokens may be shorter. */
const TOKEN_SECONDS = 7 * 86_400

function tokensOf({ deviceSecret, devicePrefix, deviceDigits }: DriverOptions) {
  if (deviceSecret === undefined) return null
  const names = { prefix: devicePrefix, digits: deviceDigits }
  return new DeviceTokens(deviceSecret, names, Date.now() / 1000 + TOKEN_SECONDS)
}

function writeAscii(out: Uint8Array, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) out[at + index] = text.charCodeAt(index)
}

function helloTemplate(options: DriverOptions, token: string): Uint8Array {
  const names = { prefix: options.devicePrefix, digits: options.deviceDigits }
  const { rooms } = options
  const tags = rooms === undefined ? [] : [deviceIdOf(rooms.names, 0)]
  const fields = helloFields(deviceIdOf(names, 0), token, tags, {
    heartbeatSeconds: options.heartbeatSeconds,
    flags: options.acks ? HELLO_FLAG.WILL_ACK : 0,
  })
  const bytes = new Uint8Array(helloBytesMax(fields))
  return bytes.slice(0, writeHello(bytes, 0, fields))
}

interface SendTemplate {
  readonly bytes: Uint8Array
  /** Offset of the payload, which opens with the marker. */
  readonly markerAt: number
}

function sendTemplate(messageBytes: number, text: PayloadText | null): SendTemplate {
  const payload = payloadTemplate(messageBytes)
  if (text !== null) payload.set(text.bytes, MARKER_BYTES)
  const fields = {
    requestId: 0,
    product: new TextEncoder().encode(ECHO_PRODUCT),
    route: new Uint8Array(0),
    payload,
    payloadStart: 0,
    payloadEnd: payload.length,
  }
  const bytes = new Uint8Array(sendBytesMax(fields))
  const end = writeSend(bytes, 0, fields)
  return { bytes: bytes.slice(0, end), markerAt: end - payload.length }
}

function indexOfText(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text)
}
