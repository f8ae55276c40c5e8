/**
 * ASCII text against byte ranges, for the HTTP head: compared in place, so a head costs no strings.
 */

export function equalsAscii(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let index = 0; index < text.length; index++) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false
  }
  return true
}

/** `lowerCase` must be in lower case. */
export function equalsAsciiAnyCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  lowerCase: string,
): boolean {
  if (end - start !== lowerCase.length) return false
  for (let index = 0; index < lowerCase.length; index++) {
    const byte = bytes[start + index]
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    if (lower !== lowerCase.charCodeAt(index)) return false
  }
  return true
}

/** Writes text of code points below 256, one byte each; returns the offset behind. */
export function writeLatin1(out: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) out[at + index] = text.charCodeAt(index)
  return at + text.length
}

export function textFromLatin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}
