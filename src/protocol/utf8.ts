/**
 * UTF-8 on byte ranges: validity without allocation, and text where text is really wanted. Our own
 * check instead of isUtf8() of node:buffer, because that needs a view object per string; nearly all
 * strings here are ASCII and short, and the loop is as fast as the call.
 */

/** RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. An empty range is valid. */
export function isUtf8Range(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end) {
    if (bytes[at] < 0x80) {
      at++
      continue
    }
    const length = sequenceBytes(bytes, at, end)
    if (length === 0) return false
    at += length
  }
  return true
}

/** Length of the multi-byte sequence at `at`, 0 where it is not valid. */
function sequenceBytes(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]
  if (lead < 0xc2 || lead > 0xf4) return 0
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (at + length > end) return 0
  const second = bytes[at + 1]
  // The second byte carries the bounds that the lead byte alone cannot (RFC 3629, section 4).
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  for (let index = 2; index < length; index++) {
    if ((bytes[at + index] & 0xc0) !== 0x80) return 0
  }
  return length
}

/** The text of a range; a byte order mark is kept. Allocates: not for the hot path. */
export function textFromUtf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

/** Bytes that writeUtf8() writes. A lone surrogate counts and is written as U+FFFD (3 bytes). */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

/**
 * Writes `text` at `at`; returns the offset behind it. The caller has made room for
 * utf8Bytes(text).
 */
export function writeUtf8(out: Uint8Array, at: number, text: string): number {
  const room = Buffer.from(out.buffer, out.byteOffset + at, out.byteLength - at)
  return at + room.write(text, 'utf8')
}
