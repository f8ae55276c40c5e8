/**
 * The values of a JSON frame, checked: each function returns the value or throws a JsonFieldError
 * that names the field. The error never leaves json-frames.ts; throwing keeps a list of twelve
 * frames and eleven kinds readable, and a frame that is wrong ends its connection, so the cost is
 * paid once.
 */
import { LIMITS } from './frame-types.ts'

export class JsonFieldError extends Error {}

/** `field` as people write it: "HELLO.inboxSeq". */
export function integerOf(value: unknown, field: string, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
    return value
  }
  throw expected(field, `an integer from 0 to ${max}`, value)
}

export function stringOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value
  throw expected(field, 'a string', value)
}

export function stringsOf(value: unknown, field: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw expected(field, 'an array of strings', value)
}

/** 16 hexadecimal digits: a u64 does not fit a JSON number. */
export function sessionIdOf(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[0-9a-f]{16}$/i.test(value)) return value
  throw expected(field, 'a string of 16 hexadecimal digits', value)
}

/** Standard base64 with padding, nothing else in it. */
export function base64Of(value: unknown, field: string): Buffer {
  if (typeof value === 'string' && value.length % 4 === 0 && /^[+/0-9A-Za-z]*={0,2}$/.test(value)) {
    return Buffer.from(value, 'base64')
  }
  throw expected(field, 'a string in base64 with padding', value)
}

/** The object that a text message holds. */
export function objectFromText(
  bytes: Uint8Array,
  start: number,
  end: number,
): Record<string, unknown> {
  if (isTooDeep(bytes, start, end)) {
    throw new JsonFieldError(`a frame may nest ${LIMITS.jsonDepthMax} levels deep, got more`)
  }
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString())
  } catch {
    throw new JsonFieldError('a frame must be one JSON object, got text that is not JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw expected('a frame', 'one JSON object', value)
}

export function expected(field: string, what: string, value: unknown): JsonFieldError {
  const got = value === undefined ? 'nothing' : JSON.stringify(value)
  const shown = got.length > 60 ? `${got.slice(0, 60)}…` : got
  return new JsonFieldError(`${field} must be ${what}, got ${shown}`)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = [0x5b, 0x7b]
const CLOSING = [0x5d, 0x7d]

/** Counts brackets outside strings before anything is parsed. */
function isTooDeep(bytes: Uint8Array, start: number, end: number): boolean {
  let depth = 0
  let inString = false
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (inString && byte === BACKSLASH) at++
    else if (byte === QUOTE) inString = !inString
    else if (!inString && OPENING.includes(byte)) {
      if (++depth > LIMITS.jsonDepthMax) return true
    } else if (!inString && CLOSING.includes(byte)) depth--
  }
  return false
}
