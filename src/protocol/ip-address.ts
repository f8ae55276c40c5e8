/**
 * IP addresses as 16 bytes: IPv6 as it is, IPv4 mapped (::ffff:a.b.c.d), so that both are compared,
 * listed and hashed alike. Text is read where it lies; nothing is allocated but what
 * formatIpAddress returns. Strict as inet_pton: no leading zeros, no ports, no zones.
 */

export const IP_ADDRESS_BYTES = 16

const DOT = 0x2e
const COLON = 0x3a
const ZERO = 0x30
const GROUPS = 8
/** Of the mapped form, before the IPv4 address. */
const MAPPED_BYTES = 12

/** Reads the text bytes[start, end) into out[at, at + 16). False: that is no address. */
export function readIpAddress(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i] === COLON) return readIpv6(bytes, start, end, out, at)
  }
  writeMappedPrefix(out, at)
  return readIpv4(bytes, start, end, out, at + MAPPED_BYTES)
}

export function writeMappedPrefix(out: Uint8Array, at: number): void {
  out.fill(0, at, at + MAPPED_BYTES - 2)
  out.fill(0xff, at + MAPPED_BYTES - 2, at + MAPPED_BYTES)
}

export function isMappedIpv4(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < MAPPED_BYTES - 2; i++) if (bytes[at + i] !== 0) return false
  return bytes[at + MAPPED_BYTES - 2] === 0xff && bytes[at + MAPPED_BYTES - 1] === 0xff
}

/** "192.0.2.1", or the shortest form of IPv6 (RFC 5952). */
export function formatIpAddress(bytes: Uint8Array, at: number): string {
  if (isMappedIpv4(bytes, at)) return bytes.subarray(at + MAPPED_BYTES, at + 16).join('.')
  const groups = Array.from(
    { length: GROUPS },
    (_, group) => (bytes[at + 2 * group] << 8) | bytes[at + 2 * group + 1],
  )
  const { start, length } = longestZeroRun(groups)
  const hex = (list: readonly number[]) => list.map((group) => group.toString(16)).join(':')
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < GROUPS; start++) {
    let length = 0
    while (start + length < GROUPS && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

function readIpv4(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): boolean {
  let i = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[i++] !== DOT) return false
    const first = i
    let value = 0
    while (i < end && i - first < 3 && isDigit(bytes[i])) value = value * 10 + bytes[i++] - ZERO
    const hasLeadingZero = i - first > 1 && bytes[first] === ZERO
    if (i === first || value > 255 || hasLeadingZero) return false
    out[at + part] = value
  }
  return i === end
}

/** Groups before "::" are written from the left, those behind from the right. */
function readIpv6(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): boolean {
  out.fill(0, at, at + IP_ADDRESS_BYTES)
  let written = 0
  let gapAt = -1
  let i = start
  if (bytes[i] === COLON) {
    if (bytes[i + 1] !== COLON || i + 1 >= end) return false
    gapAt = 0
    i += 2
  }
  while (i < end) {
    if (written > 14) return false
    const groupEnd = hexEnd(bytes, i, end)
    if (groupEnd < end && bytes[groupEnd] === DOT) {
      if (written > 12 || !readIpv4(bytes, i, end, out, at + written)) return false
      written += 4
      i = end
      break
    }
    if (groupEnd === i || groupEnd - i > 4) return false
    const group = Number.parseInt(String.fromCharCode(...bytes.subarray(i, groupEnd)), 16)
    out[at + written] = group >> 8
    out[at + written + 1] = group & 0xff
    written += 2
    i = groupEnd
    if (i === end) break
    if (bytes[i++] !== COLON || i === end) return false
    if (bytes[i] !== COLON) continue
    if (gapAt >= 0) return false
    gapAt = written
    i++
  }
  if (gapAt < 0) return written === IP_ADDRESS_BYTES
  if (written > 14) return false
  const tail = written - gapAt
  out.copyWithin(at + IP_ADDRESS_BYTES - tail, at + gapAt, at + written)
  out.fill(0, at + gapAt, at + IP_ADDRESS_BYTES - tail)
  return true
}

function hexEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && isHexDigit(bytes[at])) at++
  return at
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66)
}
