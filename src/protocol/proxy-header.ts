/**
 * The header in which a balancer says who it speaks for: the PROXY protocol of HAProxy, version 1
 * (one line of text) and 2 (binary). It stands in front of everything else on a connection. Whoever
 * sends it can claim any address, so it is to be read from trusted balancers only. One reader
 * serves a shard; it keeps nothing between two calls.
 */
import { IP_ADDRESS_BYTES, readIpAddress, writeMappedPrefix } from './ip-address.ts'

export const PROXY_EVENT = { NEED_MORE: 0, HEADER: 1, FAULT: 2 } as const
export type ProxyEvent = (typeof PROXY_EVENT)[keyof typeof PROXY_EVENT]

/** Section 2.1: "PROXY UNKNOWN" with two IPv6 addresses and ports, and CRLF. */
const LINE_BYTES_MAX = 107
/** Of version 2, with all extensions: certificates' names are the largest that are known. */
const BODY_BYTES_MAX = 4_096
const SIGNATURE = Uint8Array.of(
  ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a],
)
const HEAD_BYTES = 16
const LINE_START = new TextEncoder().encode('PROXY ')
const UNKNOWN = new TextEncoder().encode('UNKNOWN')
const TCP4 = new TextEncoder().encode('TCP4')
const TCP6 = new TextEncoder().encode('TCP6')
const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
/** Version 2, section 2.2: high nibble of byte 13, then command and family. */
const VERSION_2 = 0x20
const COMMAND = { LOCAL: 0, PROXY: 1 } as const
const STREAM_OVER_IPV4 = 0x11
const STREAM_OVER_IPV6 = 0x21

export class ProxyHeader {
  /** After HEADER: the client's address; 16 bytes (ip-address.ts). */
  readonly address = new Uint8Array(IP_ADDRESS_BYTES)
  port = 0
  /**
   * After HEADER: false where the balancer speaks for itself (health checks: LOCAL, UNKNOWN), or
   * for a client of another family; then the connection's own address counts.
   */
  hasAddress = false
  /** After HEADER: where the bytes of the client begin. */
  headerEnd = 0
  readonly #target = new Uint8Array(IP_ADDRESS_BYTES)

  read(bytes: Uint8Array, start: number, end: number): ProxyEvent {
    if (start >= end) return PROXY_EVENT.NEED_MORE
    this.hasAddress = false
    return bytes[start] === SIGNATURE[0]
      ? this.#readBinary(bytes, start, end)
      : this.#readLine(bytes, start, end)
  }

  #readLine(bytes: Uint8Array, start: number, end: number): ProxyEvent {
    if (!startsAs(bytes, start, end, LINE_START)) return PROXY_EVENT.FAULT
    const searchEnd = Math.min(end, start + LINE_BYTES_MAX)
    const feed = bytes.subarray(start, searchEnd).indexOf(LF)
    if (feed < 0) {
      return end - start >= LINE_BYTES_MAX ? PROXY_EVENT.FAULT : PROXY_EVENT.NEED_MORE
    }
    const lineEnd = start + feed - 1
    if (bytes[lineEnd] !== CR) return PROXY_EVENT.FAULT
    this.headerEnd = start + feed + 1
    return this.#readWords(bytes, start + LINE_START.length, lineEnd)
  }

  /** "TCP4 192.0.2.1 192.0.2.2 40000 7000", or "UNKNOWN" and whatever follows. */
  #readWords(bytes: Uint8Array, start: number, end: number): ProxyEvent {
    const protocolEnd = wordEnd(bytes, start, end)
    if (isWord(bytes, start, protocolEnd, UNKNOWN)) return PROXY_EVENT.HEADER
    const isV4 = isWord(bytes, start, protocolEnd, TCP4)
    if (!isV4 && !isWord(bytes, start, protocolEnd, TCP6)) return PROXY_EVENT.FAULT
    const sourceEnd = wordEnd(bytes, protocolEnd + 1, end)
    const targetEnd = wordEnd(bytes, sourceEnd + 1, end)
    const portEnd = wordEnd(bytes, targetEnd + 1, end)
    const isGood =
      isAddressOf(isV4, bytes, protocolEnd + 1, sourceEnd, this.address) &&
      isAddressOf(isV4, bytes, sourceEnd + 1, targetEnd, this.#target) &&
      portOf(bytes, portEnd + 1, end) >= 0
    this.port = portOf(bytes, targetEnd + 1, portEnd)
    if (!isGood || this.port < 0) return PROXY_EVENT.FAULT
    this.hasAddress = true
    return PROXY_EVENT.HEADER
  }

  #readBinary(bytes: Uint8Array, start: number, end: number): ProxyEvent {
    if (!startsAs(bytes, start, end, SIGNATURE)) return PROXY_EVENT.FAULT
    // Whatever can be seen to be wrong is refused before the rest has come.
    const command = start + 12 < end ? bytes[start + 12] - VERSION_2 : COMMAND.LOCAL
    if (command !== COMMAND.LOCAL && command !== COMMAND.PROXY) return PROXY_EVENT.FAULT
    if (end - start < HEAD_BYTES) return PROXY_EVENT.NEED_MORE
    const bodyBytes = (bytes[start + 14] << 8) | bytes[start + 15]
    if (bodyBytes > BODY_BYTES_MAX) return PROXY_EVENT.FAULT
    if (end - start < HEAD_BYTES + bodyBytes) return PROXY_EVENT.NEED_MORE
    this.headerEnd = start + HEAD_BYTES + bodyBytes
    if (command === COMMAND.LOCAL) return PROXY_EVENT.HEADER
    return this.#readAddresses(bytes, start + HEAD_BYTES, bodyBytes, bytes[start + 13])
  }

  #readAddresses(bytes: Uint8Array, at: number, bodyBytes: number, family: number): ProxyEvent {
    if (family !== STREAM_OVER_IPV4 && family !== STREAM_OVER_IPV6) return PROXY_EVENT.HEADER
    const addressBytes = family === STREAM_OVER_IPV4 ? 4 : 16
    if (bodyBytes < 2 * addressBytes + 4) return PROXY_EVENT.FAULT
    if (family === STREAM_OVER_IPV4) writeMappedPrefix(this.address, 0)
    const from = IP_ADDRESS_BYTES - addressBytes
    for (let i = 0; i < addressBytes; i++) this.address[from + i] = bytes[at + i]
    const portAt = at + 2 * addressBytes
    this.port = (bytes[portAt] << 8) | bytes[portAt + 1]
    this.hasAddress = true
    return PROXY_EVENT.HEADER
  }
}

/** As far as bytes have come. */
function startsAs(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  const behind = Math.min(end - start, expected.length)
  for (let i = 0; i < behind; i++) if (bytes[start + i] !== expected[i]) return false
  return true
}

function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  return end - start === word.length && startsAs(bytes, start, end, word)
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== SPACE) at++
  return at
}

function isAddressOf(
  isV4: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): boolean {
  if (start >= end) return false
  const hasColon = bytes.subarray(start, end).includes(0x3a)
  return hasColon !== isV4 && readIpAddress(bytes, start, end, out, 0)
}

/** -1 where that is no port. */
function portOf(bytes: Uint8Array, start: number, end: number): number {
  let port = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 0x30
    if (digit < 0 || digit > 9) return -1
    port = port * 10 + digit
  }
  const hasLeadingZero = end - start > 1 && bytes[start] === 0x30
  return start >= end || end - start > 5 || hasLeadingZero || port > 65_535 ? -1 : port
}
