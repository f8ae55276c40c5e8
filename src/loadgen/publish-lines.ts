/**
 * The lines of a publisher: NDJSON for POST /v1/push/batch, from a template. The filler of the
 * payload is encoded once; per push only the device's digits, the 32 characters of the marker and
 * what a payload says of itself are written, into a chunk shared by all pushes of a turn.
 */
import { randomBytes } from 'node:crypto'
import { type DeviceNames, deviceIdOf, writeDigits } from './device-names.ts'
import {
  BROADCAST_MARK,
  FILLER_BYTE,
  MARKER_BYTES,
  payloadTemplate,
  ROOM_MARK,
  writeMarker,
} from './marker.ts'
import type { PayloadText } from './population/payload-text.ts'

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const KEY_COUNT = '0000000000'
const MARKER_CHARACTERS = (MARKER_BYTES / 3) * 4

export interface PublishLineOptions {
  readonly qos?: 0 | 1
  /** The names are those of rooms (tags). */
  readonly isToRooms?: boolean
  readonly text?: PayloadText | null
  /** Each line has an idempotency key. */
  readonly hasKeys?: boolean
}

export class PublishLines {
  readonly lineBytes: number
  readonly #template: Buffer
  readonly #digitsAt: number
  readonly #digits: number
  readonly #markerAt: number
  readonly #runId: number
  readonly #seqMark: number
  readonly #marker = new Uint8Array(MARKER_BYTES)
  readonly #markerView = new DataView(this.#marker.buffer)
  readonly #text: PayloadText | null
  /** The part of the payload that has the text in it, in whole groups of three bytes. */
  readonly #textBytes: Uint8Array
  /** Where the count of an idempotency key is; 0: there is none. */
  readonly #keyAt: number
  #keys = 0

  /** `devices` null: to all. */
  constructor(
    devices: DeviceNames | null,
    messageBytes: number,
    runId: number,
    { qos = 0, isToRooms = false, text = null, hasKeys = false }: PublishLineOptions = {},
  ) {
    const [open, close] = isToRooms ? ['{"tag":"', '"}'] : ['["', '"]']
    const to = devices === null ? '"all"' : `${open}${deviceIdOf(devices, 0)}${close}`
    const head = `{"to":${to},"payload64":"`
    const payload = Buffer.from(payloadTemplate(messageBytes)).toString('base64')
    this.#text = text
    const textLength = text?.bytes.length ?? 0
    this.#textBytes = new Uint8Array(Math.ceil(textLength / 3) * 3).fill(FILLER_BYTE)
    if (text !== null) this.#textBytes.set(text.bytes)
    // What is random keeps the keys of all templates and runs apart.
    const key = hasKeys ? `,"id":"${randomBytes(8).toString('hex')}-${KEY_COUNT}"` : ''
    this.#template = Buffer.from(`${head}${payload}"${qos === 1 ? ',"qos":1' : ''}${key}}\n`)
    this.lineBytes = this.#template.length
    this.#keyAt = hasKeys ? this.lineBytes - KEY_COUNT.length - '"}\n'.length : 0
    this.#digits = devices?.digits ?? 0
    this.#digitsAt = devices === null ? 0 : `{"to":${open}`.length + devices.prefix.length
    this.#markerAt = head.length
    this.#runId = runId
    this.#seqMark = devices === null ? BROADCAST_MARK : isToRooms ? ROOM_MARK : 0
  }

  /** Writes one line at `at`; `device` counts only where there are devices. */
  write(
    chunk: Uint8Array,
    at: number,
    device: number,
    seq: number,
    intendedUs: number,
    writtenUs: number,
  ): void {
    chunk.set(this.#template, at)
    if (this.#digits > 0) writeDigits(chunk, at + this.#digitsAt, this.#digits, device)
    writeMarker(this.#markerView, 0, this.#runId, this.#seqMark + seq, intendedUs, writtenUs)
    writeBase64(this.#marker, chunk, at + this.#markerAt)
    if (this.#keyAt > 0) writeDigits(chunk, at + this.#keyAt, KEY_COUNT.length, ++this.#keys)
    if (this.#text === null) return
    this.#text.write(this.#textBytes, 0, device, seq)
    writeBase64(this.#textBytes, chunk, at + this.#markerAt + MARKER_CHARACTERS)
  }
}

/** Whole groups of three bytes only. */
function writeBase64(source: Uint8Array, out: Uint8Array, at: number): void {
  let position = at
  for (let index = 0; index < source.length; index += 3) {
    const word = (source[index] << 16) | (source[index + 1] << 8) | source[index + 2]
    out[position++] = BASE64[word >>> 18]
    out[position++] = BASE64[(word >>> 12) & 63]
    out[position++] = BASE64[(word >>> 6) & 63]
    out[position++] = BASE64[word & 63]
  }
}
