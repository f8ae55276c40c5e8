/**
 * SipHash-2-4 with a secret key: 64 bits of a device id, as two u32. The directory finds devices by
 * it, and device ids come from strangers: without a key somebody could choose ids that all fall
 * into one place of the table. Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; its
 * test vectors are in the test. About 150 ns an id.
 */

export class SipHash {
  /** The result of the last hash(). */
  high = 0
  low = 0
  readonly #key: Uint32Array
  // v0..v3 as halves; fields, because JavaScript has no 64-bit integers that are not objects.
  #v0h = 0
  #v0l = 0
  #v1h = 0
  #v1l = 0
  #v2h = 0
  #v2l = 0
  #v3h = 0
  #v3l = 0

  /** Key as four u32: k0 low, k0 high, k1 low, k1 high. */
  constructor(key: Uint32Array) {
    this.#key = key
  }

  hash(bytes: Uint8Array, start: number, end: number): void {
    const key = this.#key
    this.#v0h = key[1] ^ 0x736f6d65
    this.#v0l = key[0] ^ 0x70736575
    this.#v1h = key[3] ^ 0x646f7261
    this.#v1l = key[2] ^ 0x6e646f6d
    this.#v2h = key[1] ^ 0x6c796765
    this.#v2l = key[0] ^ 0x6e657261
    this.#v3h = key[3] ^ 0x74656462
    this.#v3l = key[2] ^ 0x79746573
    let at = start
    for (; at + 8 <= end; at += 8) this.#block(word(bytes, at + 4, 4), word(bytes, at, 4))
    const left = end - at
    const low = word(bytes, at, Math.min(left, 4))
    const high = left > 4 ? word(bytes, at + 4, left - 4) : 0
    this.#block(high | ((end - start) << 24), low)
    this.#v2l ^= 0xff
    for (let i = 0; i < 4; i++) this.#round()
    this.high = (this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h) >>> 0
    this.low = (this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l) >>> 0
  }

  #block(high: number, low: number): void {
    this.#v3h ^= high
    this.#v3l ^= low
    this.#round()
    this.#round()
    this.#v0h ^= high
    this.#v0l ^= low
  }

  #round(): void {
    let v0h = this.#v0h
    let v0l = this.#v0l
    let v1h = this.#v1h
    let v1l = this.#v1l
    let v2h = this.#v2h
    let v2l = this.#v2l
    let v3h = this.#v3h
    let v3l = this.#v3l
    let carry: number
    let swap: number
    // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
    carry = addCarry(v0l, v1l)
    v0h = (v0h + v1h + carry) | 0
    v0l = (v0l + v1l) | 0
    swap = v1h
    v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h
    v1l = ((v1l << 13) | (swap >>> 19)) ^ v0l
    swap = v0h
    v0h = v0l
    v0l = swap
    // v2 += v3; v3 = rotl(v3, 16) ^ v2
    carry = addCarry(v2l, v3l)
    v2h = (v2h + v3h + carry) | 0
    v2l = (v2l + v3l) | 0
    swap = v3h
    v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h
    v3l = ((v3l << 16) | (swap >>> 16)) ^ v2l
    // v0 += v3; v3 = rotl(v3, 21) ^ v0
    carry = addCarry(v0l, v3l)
    v0h = (v0h + v3h + carry) | 0
    v0l = (v0l + v3l) | 0
    swap = v3h
    v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h
    v3l = ((v3l << 21) | (swap >>> 11)) ^ v0l
    // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
    carry = addCarry(v2l, v1l)
    v2h = (v2h + v1h + carry) | 0
    v2l = (v2l + v1l) | 0
    swap = v1h
    v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h
    v1l = ((v1l << 17) | (swap >>> 15)) ^ v2l
    swap = v2h
    v2h = v2l
    v2l = swap
    this.#v0h = v0h
    this.#v0l = v0l
    this.#v1h = v1h
    this.#v1l = v1l
    this.#v2h = v2h
    this.#v2l = v2l
    this.#v3h = v3h
    this.#v3l = v3l
  }
}

function addCarry(a: number, b: number): number {
  return (a >>> 0) + (b >>> 0) > 0xffffffff ? 1 : 0
}

/** `count` bytes as a little-endian number of at most four bytes. */
function word(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = (value << 8) | bytes[at + i]
  return value
}
