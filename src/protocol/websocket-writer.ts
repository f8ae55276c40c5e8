/**
 * Writes WebSocket frames (RFC 6455) around payloads that already lie in the outbox: the header
 * goes directly in front, so a payload is never moved. Leave HEADER_BYTES_MAX bytes of room before
 * it. Messages are never fragmented. Randomness is the caller's: a client passes a fresh 32-bit key
 * per frame, a server passes NO_MASK.
 */
import { copyRange, writeU16, writeU32 } from './byte-writer.ts'
import { textFromUtf8, utf8Bytes, writeUtf8 } from './utf8.ts'
import {
  CONTROL_PAYLOAD_BYTES_MAX,
  FIN_BIT,
  LENGTH_U16,
  LENGTH_U64,
  MASK_BIT,
  MASK_KEY_BYTES,
  OPCODE,
} from './websocket-frame.ts'
import { WebSocketMask } from './websocket-mask.ts'

/** In place of a key: the frame goes out unmasked, as a server's must. */
export const NO_MASK = -1

/** Close reasons share the control payload with the code. */
export const CLOSE_REASON_BYTES_MAX = CONTROL_PAYLOAD_BYTES_MAX - 2

const mask = new WebSocketMask()

/** Bytes that writeHeaderBefore() puts in front of a payload. */
export function headerBytes(payloadBytes: number, maskKey = NO_MASK): number {
  const length = payloadBytes < LENGTH_U16 ? 2 : payloadBytes < 0x1_0000 ? 4 : 10
  return maskKey === NO_MASK ? length : length + MASK_KEY_BYTES
}

/**
 * Puts the header of a final frame before out[payloadStart, payloadEnd), masks the payload with a
 * key. Returns the start.
 */
export function writeHeaderBefore(
  out: Uint8Array,
  payloadStart: number,
  payloadEnd: number,
  opcode: number,
  maskKey = NO_MASK,
): number {
  const length = payloadEnd - payloadStart
  const start = payloadStart - headerBytes(length, maskKey)
  const maskBit = maskKey === NO_MASK ? 0 : MASK_BIT
  out[start] = FIN_BIT | opcode
  if (length < LENGTH_U16) out[start + 1] = maskBit | length
  else if (length < 0x1_0000) {
    out[start + 1] = maskBit | LENGTH_U16
    writeU16(out, start + 2, length)
  } else {
    out[start + 1] = maskBit | LENGTH_U64
    writeU32(out, start + 2, Math.floor(length / 2 ** 32))
    writeU32(out, start + 6, length % 2 ** 32)
  }
  if (maskKey !== NO_MASK) {
    writeU32(out, payloadStart - MASK_KEY_BYTES, maskKey)
    mask.apply(out, payloadStart, payloadEnd, maskKey)
  }
  return start
}

/**
 * A whole control frame at `at` with source[start, end) as payload (at most 125 bytes). Returns the
 * end.
 */
export function writeControl(
  out: Uint8Array,
  at: number,
  opcode: number,
  source: Uint8Array,
  start: number,
  end: number,
  maskKey = NO_MASK,
): number {
  const payloadStart = at + headerBytes(end - start, maskKey)
  const payloadEnd = copyRange(out, payloadStart, source, start, end)
  writeHeaderBefore(out, payloadStart, payloadEnd, opcode, maskKey)
  return payloadEnd
}

/**
 * Answers a PING: the same payload goes back (section 5.5.3). `source` may be the bytes that were
 * read.
 */
export function writeWebSocketPong(
  out: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
  maskKey = NO_MASK,
): number {
  return writeControl(out, at, OPCODE.PONG, source, start, end, maskKey)
}

export function writeWebSocketPing(
  out: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
  maskKey = NO_MASK,
): number {
  return writeControl(out, at, OPCODE.PING, source, start, end, maskKey)
}

/**
 * A close frame; a reason above 123 bytes is cut at a character. Code 0 writes none (section 7.1.5:
 * reads as 1005).
 */
export function writeClose(
  out: Uint8Array,
  at: number,
  code: number,
  reason = '',
  maskKey = NO_MASK,
): number {
  const fitting = fitReason(reason)
  const payloadBytes = code === 0 ? 0 : 2 + utf8Bytes(fitting)
  const payloadStart = at + headerBytes(payloadBytes, maskKey)
  if (code !== 0) writeUtf8(out, writeU16(out, payloadStart, code), fitting)
  writeHeaderBefore(out, payloadStart, payloadStart + payloadBytes, OPCODE.CLOSE, maskKey)
  return payloadStart + payloadBytes
}

function fitReason(reason: string): string {
  if (utf8Bytes(reason) <= CLOSE_REASON_BYTES_MAX) return reason
  const bytes = new TextEncoder().encode(reason)
  let end = CLOSE_REASON_BYTES_MAX
  while ((bytes[end] & 0xc0) === 0x80) end--
  return textFromUtf8(bytes, 0, end)
}
