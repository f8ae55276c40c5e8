/**
 * The keyed hash of a short text (a tag, a push id), under which tables know it without the text.
 */
import { SipHash } from './sip-hash.ts'

/** What is longer counts with its first bytes; tags have at most 128. */
const TEXT_BYTES_MAX = 512

export class TextHash {
  /** The result of the last hash(). */
  high = 0
  low = 0
  readonly #hash: SipHash
  readonly #utf8 = new TextEncoder()
  readonly #scratch = new Uint8Array(TEXT_BYTES_MAX)

  constructor(key: Uint32Array) {
    this.#hash = new SipHash(key)
  }

  hash(text: string): void {
    const { written } = this.#utf8.encodeInto(text, this.#scratch)
    this.#hash.hash(this.#scratch, 0, written)
    this.high = this.#hash.high
    this.low = this.#hash.low
  }
}
