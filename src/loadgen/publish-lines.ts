/**
 * The lines of a publisher: NDJSON for POST /v1/push/batch, from a template. The filler of the
 * payload is encoded once; per push only the device's digits and the 32 characters of the marker
 * are written, into a chunk shared by all pushes of a turn.
 */
import { type DeviceNames, deviceIdOf, writeDigits } from './device-names.ts'
import { BROADCAST_MARK, MARKER_BYTES, payloadTemplate, writeMarker } from './marker.ts'

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const MARKER_CHARACTERS = (MARKER_BYTES / 3) * 4

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

  /** `devices` null: to all. */
  constructor(devices: DeviceNames | null, messageBytes: number, runId: number, qos: 0 | 1 = 0) {
    const to = devices === null ? '"all"' : `["${deviceIdOf(devices, 0)}"]`
    const head = `{"to":${to},"payload64":"`
    const payload = Buffer.from(payloadTemplate(messageBytes)).toString('base64')
    this.#template = Buffer.from(`${head}${payload}"${qos === 1 ? ',"qos":1' : ''}}\n`)
    this.lineBytes = this.#template.length
    this.#digits = devices?.digits ?? 0
    this.#digitsAt = devices === null ? 0 : '{"to":["'.length + devices.prefix.length
    this.#markerAt = head.length
    this.#runId = runId
    this.#seqMark = devices === null ? BROADCAST_MARK : 0
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
  }
}

/** Whole groups of three bytes only, as the marker is. */
function writeBase64(source: Uint8Array, out: Uint8Array, at: number): void {
  let position = at
  for (let index = 0; index < MARKER_CHARACTERS * 0.75; index += 3) {
    const word = (source[index] << 16) | (source[index + 1] << 8) | source[index + 2]
    out[position++] = BASE64[word >>> 18]
    out[position++] = BASE64[(word >>> 12) & 63]
    out[position++] = BASE64[(word >>> 6) & 63]
    out[position++] = BASE64[word & 63]
  }
}
