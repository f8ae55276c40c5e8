/**
 * The marker in text and in messages that a server has wrapped: 24 bytes are exactly 32 characters
 * of base64. They are written in the URL-safe alphabet, which no JSON encoder and no URL escapes,
 * and read in both. A received message is searched for it, because nothing is known of what a
 * server puts around a payload; the run's number, its first 32 bits, tells it from other text.
 *
 * One object serves a shard; what it found is in `marker` until the next search.
 */
import { MARKER_BYTES, writeMarker } from '../marker.ts'

export const TEXT_MARKER_CHARACTERS = (MARKER_BYTES / 3) * 4
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CHARACTERS = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))
const NO_DIGIT = 0xff
const DIGITS = digitTable()
/** Characters that the number of the run decides wholly: 30 of its 32 bits. */
const RUN_CHARACTERS = 5

export class TextMarker {
  /** After a search that found one: the marker as it is in a payload. */
  readonly marker = new Uint8Array(MARKER_BYTES)
  readonly #view = new DataView(this.marker.buffer)
  readonly #runId: number
  readonly #runDigits: readonly number[]

  constructor(runId: number) {
    this.#runId = runId
    this.#runDigits = Array.from(
      { length: RUN_CHARACTERS },
      (_, index) => Math.floor(runId / 2 ** (26 - 6 * index)) % 64,
    )
  }

  /** Writes the 32 characters at `at`. */
  write(out: Uint8Array, at: number, seq: number, intendedUs: number, writtenUs: number): void {
    const { marker } = this
    writeMarker(this.#view, 0, this.#runId, seq, intendedUs, writtenUs)
    let position = at
    for (let index = 0; index < MARKER_BYTES; index += 3) {
      const word = (marker[index] << 16) | (marker[index + 1] << 8) | marker[index + 2]
      out[position++] = CHARACTERS[word >>> 18]
      out[position++] = CHARACTERS[(word >>> 12) & 63]
      out[position++] = CHARACTERS[(word >>> 6) & 63]
      out[position++] = CHARACTERS[word & 63]
    }
  }

  /** Offset of the 32 characters of a marker of this run in bytes[start, end), -1: none. */
  findText(bytes: Uint8Array, start: number, end: number): number {
    const digits = this.#runDigits
    const first = digits[0]
    const second = digits[1]
    const third = digits[2]
    const fourth = digits[3]
    const fifth = digits[4]
    const last = end - TEXT_MARKER_CHARACTERS
    for (let at = start; at <= last; at++) {
      if (
        DIGITS[bytes[at]] === first &&
        DIGITS[bytes[at + 1]] === second &&
        DIGITS[bytes[at + 2]] === third &&
        DIGITS[bytes[at + 3]] === fourth &&
        DIGITS[bytes[at + 4]] === fifth &&
        this.#decode(bytes, at)
      ) {
        return at
      }
    }
    return -1
  }

  /** Offset of a marker in its binary form in bytes[start, end), -1: none. */
  findBinary(bytes: Uint8Array, start: number, end: number): number {
    const runId = this.#runId
    const first = runId >>> 24
    const last = end - MARKER_BYTES
    for (let at = start; at <= last; at++) {
      if (
        bytes[at] === first &&
        bytes[at + 1] === ((runId >>> 16) & 0xff) &&
        bytes[at + 2] === ((runId >>> 8) & 0xff) &&
        bytes[at + 3] === (runId & 0xff)
      ) {
        return at
      }
    }
    return -1
  }

  #decode(bytes: Uint8Array, start: number): boolean {
    const { marker } = this
    let at = start
    for (let index = 0; index < MARKER_BYTES; index += 3, at += 4) {
      const one = DIGITS[bytes[at]]
      const two = DIGITS[bytes[at + 1]]
      const three = DIGITS[bytes[at + 2]]
      const four = DIGITS[bytes[at + 3]]
      if ((one | two | three | four) > 63) return false
      marker[index] = (one << 2) | (two >>> 4)
      marker[index + 1] = (two << 4) | (three >>> 2)
      marker[index + 2] = (three << 6) | four
    }
    return this.#view.getUint32(0) === this.#runId
  }
}

/** Of both alphabets of base64 (RFC 4648, sections 4 and 5). */
function digitTable(): Uint8Array {
  const table = new Uint8Array(256).fill(NO_DIGIT)
  CHARACTERS.forEach((character, digit) => {
    table[character] = digit
  })
  table['+'.charCodeAt(0)] = 62
  table['/'.charCodeAt(0)] = 63
  return table
}
