/** What both directions of RFC 6455 share: opcodes, close codes, sizes, and the names of faults. */

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

export const FIN_BIT = 0x80
export const RESERVED_BITS = 0x70
export const OPCODE_BITS = 0x0f
/** Set in the opcodes that are control frames. */
export const CONTROL_BIT = 0x08
export const MASK_BIT = 0x80
export const LENGTH_BITS = 0x7f
/** In the length bits: the length follows as u16, as u64. */
export const LENGTH_U16 = 126
export const LENGTH_U64 = 127

export const MASK_KEY_BYTES = 4
/** Largest payload of a control frame (section 5.5). */
export const CONTROL_PAYLOAD_BYTES_MAX = 125
/** Two bytes, a u64 and a key. */
export const HEADER_BYTES_MAX = 14
export const CONTROL_FRAME_BYTES_MAX = 2 + MASK_KEY_BYTES + CONTROL_PAYLOAD_BYTES_MAX

/** Section 7.4.1. */
export const CLOSE_CODE = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED: 1003,
  /** Never on the wire: the peer's close frame had no code. */
  NONE: 1005,
  /** Never on the wire: the connection ended without a close frame. */
  ABNORMAL: 1006,
  BAD_TEXT: 1007,
  TOO_BIG: 1009,
} as const

/** Each with the close code that answers it and its meaning; docs/protocol.md has the same list. */
export const WEBSOCKET_FAULTS = {
  'reserved-bits': [1002, 'a reserved bit is set although no extension was agreed'],
  'reserved-opcode': [1002, 'an opcode that RFC 6455 does not define'],
  'unexpected-continuation': [1002, 'a continuation without a message to continue'],
  'expected-continuation': [1002, 'a new message inside an unfinished one'],
  'fragmented-control': [1002, 'a control frame in fragments'],
  'control-too-long': [1002, 'a control frame of more than 125 bytes'],
  'mask-required': [1002, 'a frame of a client without a mask'],
  'mask-forbidden': [1002, 'a frame of a server with a mask'],
  'length-not-minimal': [1002, 'a payload length that fits a shorter form'],
  'message-too-big': [1009, 'a message, or its fragments together, above the limit'],
  'bad-close-length': [1002, 'a close frame of one byte'],
  'bad-close-code': [1002, 'a close code that must not be on the wire'],
  'bad-text': [1007, 'a text message or close reason that is not UTF-8'],
} as const

export type WebSocketFault = keyof typeof WEBSOCKET_FAULTS

/** Whether a peer may send this code: sections 7.4.1 and 7.4.2, and the registry up to 1014. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}
