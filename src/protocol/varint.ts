/**
 * Unsigned LEB128 up to 2^53-1 in plain numbers: low 7 bits first, bit 7 says that more follow.
 *
 *   300 = 0b10_0101100  →  1010_1100 0000_0010  →  ac 02
 *
 * Only the shortest form is valid, so the length of what was read is varintBytes(value): reading
 * needs no second result.
 */

/** 2^53-1 is 53 bits: seven groups of 7 and one of 4. */
export const VARINT_BYTES_MAX = 8

/** readVarint: the bytes end inside the number. */
export const VARINT_TRUNCATED = -1
/** readVarint: not the shortest form, or above 2^53-1. */
export const VARINT_INVALID = -2

const TWO_28 = 2 ** 28

/** How many bytes writeVarint() writes, 1 to 8. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  if (value < TWO_28) return 4
  if (value < 2 ** 35) return 5
  if (value < 2 ** 42) return 6
  return value < 2 ** 49 ? 7 : 8
}

/**
 * Writes `value` at `at`; returns the offset behind it. Throws RangeError above 2^53-1, which would
 * not end.
 */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    out[at] = value
    return at + 1
  }
  if (!(value <= Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`a varint must be an integer from 0 to 2^53-1, got ${value}`)
  }
  let rest = value
  let position = at
  // Above 28 bits by division: the bit operators of JavaScript cut at 32.
  while (rest >= TWO_28) {
    out[position++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  while (rest >= 0x80) {
    out[position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  out[position++] = rest
  return position
}

/** The number at `at`, or VARINT_TRUNCATED, or VARINT_INVALID. Reads nothing at or behind `end`. */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return VARINT_TRUNCATED
  const first = bytes[at]
  if (first < 0x80) return first
  let value = first & 0x7f
  let scale = 0x80
  for (let index = 1; index < VARINT_BYTES_MAX; index++) {
    if (at + index >= end) return VARINT_TRUNCATED
    const byte = bytes[at + index]
    if (byte < 0x80) {
      // A last group of zero is an overlong form; the eighth group has 4 bits.
      if (byte === 0 || (index === VARINT_BYTES_MAX - 1 && byte > 0x0f)) return VARINT_INVALID
      return value + byte * scale
    }
    value += (byte & 0x7f) * scale
    scale *= 0x80
  }
  return VARINT_INVALID
}
