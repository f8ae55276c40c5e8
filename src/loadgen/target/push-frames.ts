/**
 * What both carriers of the push protocol share: HELLO and SEND as templates into which digits and
 * the marker are written, and received frames turned into events. Templates cost one copy per
 * message instead of encoding the same fields again.
 */
import type { Slot } from '../../engine/socket-engine.ts'
import { FrameReader } from '../../protocol/frame-reader.ts'
import { byeReason, ECHO_PRODUCT, FRAME } from '../../protocol/frame-types.ts'
import {
  helloBytesMax,
  helloFields,
  sendBytesMax,
  writeHello,
  writePing,
  writeSend,
} from '../../protocol/frame-writer.ts'
import { textFromUtf8 } from '../../protocol/utf8.ts'
import { deviceIdOf, writeDigits } from '../device-names.ts'
import { payloadTemplate, writeMarker } from '../marker.ts'
import { DeviceTokens } from './device-tokens.ts'
import type { ConnectionEvents, DriverOptions } from './target-driver.ts'

export class PushFrames {
  readonly hello: Uint8Array
  readonly send: Uint8Array
  readonly ping: Uint8Array
  /** Offset of the payload's marker in `send`. */
  readonly markerAt: number
  readonly #digitsAt: number
  readonly #tokens: DeviceTokens | null
  readonly #tokenAt: number
  readonly #options: DriverOptions
  readonly #events: ConnectionEvents
  readonly #reader = new FrameReader({ from: 'node' })

  constructor(options: DriverOptions, events: ConnectionEvents) {
    this.#options = options
    this.#events = events
    this.#tokens = tokensOf(options)
    const token = this.#tokens?.tokenOf(0) ?? ''
    this.hello = helloTemplate(options, token)
    this.#tokenAt = indexOfText(this.hello, token)
    this.#digitsAt = indexOfText(this.hello, options.devicePrefix) + options.devicePrefix.length
    this.send = sendTemplate(options.messageBytes)
    this.markerAt = this.send.length - payloadTemplate(options.messageBytes).length
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
    return at + this.hello.length
  }

  /** Writes a SEND at `at`; returns the end. `view` covers `out`. */
  writeSend(
    out: Uint8Array,
    view: DataView,
    at: number,
    seq: number,
    intendedUs: number,
    writtenUs: number,
  ): number {
    out.set(this.send, at)
    writeMarker(view, at + this.markerAt, this.#options.runId, seq, intendedUs, writtenUs)
    return at + this.send.length
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
        this.#events.onEnd(slot, cause, reason, false, { code, retryAfterMs })
        break
      }
      default:
        // NOTIFY and SENT are answers to things that bench does not ask for; a newer node may send
        // them.
        break
    }
  }
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
  const fields = helloFields(deviceIdOf(names, 0), token, [], {
    heartbeatSeconds: options.heartbeatSeconds,
  })
  const bytes = new Uint8Array(helloBytesMax(fields))
  return bytes.slice(0, writeHello(bytes, 0, fields))
}

function sendTemplate(messageBytes: number): Uint8Array {
  const payload = payloadTemplate(messageBytes)
  const fields = {
    requestId: 0,
    product: new TextEncoder().encode(ECHO_PRODUCT),
    route: new Uint8Array(0),
    payload,
    payloadStart: 0,
    payloadEnd: payload.length,
  }
  const bytes = new Uint8Array(sendBytesMax(fields))
  return bytes.slice(0, writeSend(bytes, 0, fields))
}

function indexOfText(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text)
}
