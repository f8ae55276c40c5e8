/**
 * What a payload says after its marker: a text with places that are written over for each message.
 * All places have a fixed width, so a payload is a template and nothing is allocated per message.
 *
 *   {device}     id of the device, or of the room; "all" in a broadcast
 *   {counter}    number of the message, 10 digits
 *   {random}     8 hexadecimal digits; {random:32}: so many
 */
import { type DeviceNames, deviceIdOf, writeDigits } from '../device-names.ts'
import { type SeededRandom, seededRandom } from '../seeded-random.ts'

/** The text is written over for each message: a long one costs the generator its rate. */
export const PAYLOAD_TEXT_BYTES_MAX = 4 * 1024
const COUNTER_DIGITS = 10
const RANDOM_DIGITS = 8
const RANDOM_DIGITS_MAX = 256
const FIELD = /\{(\w+)(?::(\w*))?\}/g
const FIELD_NAMES = ['device', 'counter', 'random']
const HEX = Buffer.from('0123456789abcdef')

interface Field {
  readonly at: number
  readonly width: number
}

/** What is wrong with a text, null: nothing. */
export function payloadTextFault(text: string): string | null {
  for (const [field, name, width] of text.matchAll(FIELD)) {
    if (!FIELD_NAMES.includes(name)) return `has ${field}, expected {${FIELD_NAMES.join('}, {')}}`
    if (width === undefined) continue
    if (name !== 'random') return `has ${field}, but only {random:N} has a width`
    const digits = Number(width)
    if (!Number.isInteger(digits) || digits < 1 || digits > RANDOM_DIGITS_MAX) {
      return `has ${field}, expected {random:1} to {random:${RANDOM_DIGITS_MAX}}`
    }
  }
  return null
}

export class PayloadText {
  /** The text with the first device, counter 0 and zeros. */
  readonly bytes: Uint8Array
  readonly #devices: readonly Field[]
  readonly #counters: readonly Field[]
  readonly #randoms: readonly Field[]
  readonly #random: SeededRandom

  /** `devices` null: to all. Assumes a text without faults. */
  constructor(text: string, devices: DeviceNames | null, seed: number) {
    const fields = { device: [] as Field[], counter: [] as Field[], random: [] as Field[] }
    const id = devices === null ? 'all' : deviceIdOf(devices, 0)
    let bytes = 0
    let end = 0
    let written = ''
    const append = (part: string): void => {
      written += part
      bytes += Buffer.byteLength(part)
    }
    for (const match of text.matchAll(FIELD)) {
      append(text.slice(end, match.index))
      end = match.index + match[0].length
      const name = match[1] as keyof typeof fields
      if (name === 'device') {
        const digits = devices?.digits ?? 0
        fields.device.push({ at: bytes + Buffer.byteLength(id) - digits, width: digits })
        append(id)
      } else {
        const width = name === 'counter' ? COUNTER_DIGITS : Number(match[2] ?? RANDOM_DIGITS)
        fields[name].push({ at: bytes, width })
        append('0'.repeat(width))
      }
    }
    append(text.slice(end))
    this.bytes = Buffer.from(written)
    this.#devices = fields.device
    this.#counters = fields.counter
    this.#randoms = fields.random
    this.#random = seededRandom(seed)
  }

  /** Writes the places of the text that is in out at `at`. */
  write(out: Uint8Array, at: number, device: number, counter: number): void {
    for (let index = 0; index < this.#devices.length; index++) {
      const field = this.#devices[index]
      if (field.width > 0) writeDigits(out, at + field.at, field.width, device)
    }
    for (let index = 0; index < this.#counters.length; index++) {
      writeDigits(out, at + this.#counters[index].at, COUNTER_DIGITS, counter)
    }
    for (let index = 0; index < this.#randoms.length; index++) {
      writeHex(out, at + this.#randoms[index].at, this.#randoms[index].width, this.#random)
    }
  }
}

/** The marker in text, the longer one of the two, and what base64 rounds up. */
const BYTES_BESIDE_TEXT = 32 + 2

/** Bytes that a payload with this text needs at least; names of rooms are the longest there are. */
export function payloadBytesNeeded(text: string, connections: number): number {
  const longest = { prefix: 'bench-0000000-room-', digits: String(connections).length }
  return new PayloadText(text, longest, 0).bytes.length + BYTES_BESIDE_TEXT
}

function writeHex(out: Uint8Array, at: number, width: number, random: SeededRandom): void {
  let bits = 0
  for (let index = 0; index < width; index++) {
    if (index % 8 === 0) bits = random.nextUint32()
    out[at + index] = HEX[bits & 15]
    bits >>>= 4
  }
}
