/**
 * The keys of the store on disk. docs/storage.md has the same table; all numbers are big-endian, so
 * that keys sort by device and sequence number.
 *
 *   0                                             format version u32, hash key 4 × u32
 *   d │ hash high u32, low u32                    first seq f64
 *   f                                             number of the first record not folded, f64
 *   m │ hash high u32, low u32 │ seq u64 │ expires at s u32 │ bytes u32      payload
 *   r │ name                                      a record: broadcast, idempotency key
 *
 * What a message needs in memory stands in its key, so that loading reads no payloads.
 */

export const KEY_TYPE = { META: 0x30, DEVICE: 0x64, FOLDED: 0x66, MESSAGE: 0x6d, RECORD: 0x72 }

export const DEVICE_KEY_BYTES = 9
export const MESSAGE_KEY_BYTES = 25
export const META_KEY = Uint8Array.of(KEY_TYPE.META)
export const FOLDED_KEY = Uint8Array.of(KEY_TYPE.FOLDED)

const utf8 = new TextEncoder()
const text = new TextDecoder()

export function deviceKey(high: number, low: number): Uint8Array {
  const key = new Uint8Array(DEVICE_KEY_BYTES)
  key[0] = KEY_TYPE.DEVICE
  writeU32(key, 1, high)
  writeU32(key, 5, low)
  return key
}

export function messageKey(
  high: number,
  low: number,
  seq: number,
  expiresAtS: number,
  bytes: number,
): Uint8Array {
  const key = new Uint8Array(MESSAGE_KEY_BYTES)
  key[0] = KEY_TYPE.MESSAGE
  writeU32(key, 1, high)
  writeU32(key, 5, low)
  writeU53(key, 9, seq)
  writeU32(key, 17, expiresAtS)
  writeU32(key, 21, bytes)
  return key
}

export function recordKey(name: string): Uint8Array {
  return namedKey(utf8.encode(name))
}

/** The same of a name in UTF-8. */
export function namedKey(name: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + name.length)
  key[0] = KEY_TYPE.RECORD
  key.set(name, 1)
  return key
}

export function recordName(key: Uint8Array): string {
  return text.decode(key.subarray(1))
}

/** A number as a value. */
export function numberValue(number: number): Uint8Array {
  const value = new Uint8Array(8)
  new DataView(value.buffer).setFloat64(0, number)
  return value
}

export function readNumberValue(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset, 8).getFloat64(0)
}

/** All keys of a type lie in [gte, lt). */
export function keysOf(type: number): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: Uint8Array.of(type), lt: Uint8Array.of(type + 1) }
}

export function readU32(key: Uint8Array, at: number): number {
  return ((key[at] << 24) | (key[at + 1] << 16) | (key[at + 2] << 8) | key[at + 3]) >>> 0
}

export function readU53(key: Uint8Array, at: number): number {
  return readU32(key, at) * 2 ** 32 + readU32(key, at + 4)
}

function writeU32(key: Uint8Array, at: number, value: number): void {
  key[at] = value >>> 24
  key[at + 1] = value >>> 16
  key[at + 2] = value >>> 8
  key[at + 3] = value
}

function writeU53(key: Uint8Array, at: number, value: number): void {
  writeU32(key, at, Math.floor(value / 2 ** 32))
  writeU32(key, at + 4, (value % 2 ** 32) | 0)
}
