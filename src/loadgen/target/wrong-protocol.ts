/**
 * Names what answers where something else was expected, by its first bytes: "speaks HTTP, not MQTT"
 * saves the reader a packet dump. A guess by signature: where none fits it says nothing, because a
 * wrong name would cost more than none.
 */

/**
 * A name in the causes of failures; the same words everywhere, so that they can be searched for.
 */
export type ProtocolName = 'the push protocol' | 'HTTP' | 'WebSocket' | 'MQTT'

/** Bytes that a signature may need; the first answer of a peer is presented whole or not at all. */
const LOOK_BYTES = 16

/** Printable openings; the longest that fits is tried first where one begins another. */
const OPENINGS: readonly (readonly [opening: string, name: string])[] = [
  ['HTTP/', 'HTTP'],
  ['SSH-', 'SSH'],
  ['RFB ', 'VNC'],
  ['AMQP', 'AMQP'],
  ['INFO {', 'NATS'],
  ['+OK', 'POP3 or Redis'],
  ['-ERR', 'Redis'],
  ['-NOAUTH', 'Redis'],
  ['-DENIED', 'Redis'],
  ['* OK', 'IMAP'],
  ['220', 'SMTP or FTP'],
  ['ERROR\r\n', 'memcached'],
  ['CONNECTED\n', 'STOMP'],
]

const TLS_ALERT = 0x15
const TLS_HANDSHAKE = 0x16
const HTTP2_SETTINGS = 4
const MQTT_CONNACK = 0x20
const WEBSOCKET_CLOSE = 0x88
/** A BYE over TCP: length, type, code of four digits (docs/protocol.md). */
const PUSH_BYE = 0x85
const BYE_CODES = { first: 4_000, last: 4_999 } as const

/** What bytes[start, end) open with; null where no signature fits. */
export function protocolOf(bytes: Uint8Array, start: number, end: number): string | null {
  const length = Math.min(end - start, LOOK_BYTES)
  if (length < 2) return null
  const first = bytes[start]
  const second = bytes[start + 1]
  if ((first === TLS_ALERT || first === TLS_HANDSHAKE) && second === 3) return 'TLS'
  const text = String.fromCharCode(...bytes.subarray(start, start + length))
  const opening = OPENINGS.find(([signature]) => text.startsWith(signature))
  if (opening) return opening[1]
  if (isHttp2(bytes, start, length)) return 'HTTP/2'
  if (first === MQTT_CONNACK && second < LOOK_BYTES && length >= 4) return 'MQTT'
  if (isPushBye(bytes, start, length)) return 'the push protocol'
  if (first === WEBSOCKET_CLOSE && second >= 2 && second <= 0x7d) return 'WebSocket'
  return null
}

/**
 * The cause of a failure: "speaks HTTP, not MQTT", or "answers with TLS, not MQTT"; null where the
 * bytes say nothing, or are what was expected.
 */
export function wrongProtocolCause(
  bytes: Uint8Array,
  start: number,
  end: number,
  expected: ProtocolName,
): string | null {
  const name = protocolOf(bytes, start, end)
  if (name === null || name === expected) return null
  return `${name === 'TLS' ? 'answers with' : 'speaks'} ${name}, not ${expected}`
}

/** Whether a cause is one of wrongProtocolCause(). */
export function isWrongProtocol(cause: string): boolean {
  return /^(speaks|answers with) .+, not /.test(cause)
}

/** What a push node says to a stranger. */
function isPushBye(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < 4 || bytes[start] > 0x7f || bytes[start + 1] !== PUSH_BYE) return false
  const code = (bytes[start + 2] << 8) | bytes[start + 3]
  return code >= BYE_CODES.first && code <= BYE_CODES.last
}

/** A SETTINGS frame on stream 0: what an HTTP/2 server says first. */
function isHttp2(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < 9 || bytes[start] !== 0 || bytes[start + 1] !== 0) return false
  const stream = bytes.subarray(start + 5, start + 9)
  return bytes[start + 3] === HTTP2_SETTINGS && stream.every((byte) => byte === 0)
}
