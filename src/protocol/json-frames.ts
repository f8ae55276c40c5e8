/**
 * The readable carrier (subprotocol push.v1.json): one JSON object per frame, turned into the
 * binary frame and back, so that everything above speaks binary only. For browsers and people, not
 * for the million: both directions allocate. What JSON cannot know (limits of strings, known
 * streams, direction) is left to the FrameReader that reads the result.
 */
import {
  copyRange,
  writeString,
  writeStrings,
  writeU16,
  writeU32,
  writeU64,
} from './byte-writer.ts'
import type { FrameReader } from './frame-reader.ts'
import { BYE, LIMITS, MSG_FLAG } from './frame-types.ts'
import { JSON_FRAMES, type JsonField, type JsonFrame } from './json-fields.ts'
import { type JsonObject, objectFromFrame } from './json-object.ts'
import {
  base64Of,
  expected,
  integerOf,
  JsonFieldError,
  objectFromText,
  sessionIdOf,
  stringOf,
  stringsOf,
} from './json-values.ts'
import { writeUtf8 } from './utf8.ts'
import { writeVarint } from './varint.ts'

export interface JsonFault {
  /** Names the field: 'HELLO.inboxSeq must be an integer from 0 to 9007199254740991, got "7"'. */
  readonly message: string
  readonly byeCode: number
}

/**
 * Room that frameFromJson() needs: a field is never longer in binary than in JSON, but those left
 * out are written too.
 */
export function jsonFrameBytesMax(textBytes: number): number {
  return textBytes + 64
}

/**
 * Writes the frame that the text bytes[start, end) describes at out[at]; returns the end, or what
 * is wrong with it. The text must be UTF-8 (a WebSocketReader has made sure) and at most
 * `textBytesMax` long.
 */
export function frameFromJson(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
  textBytesMax: number = LIMITS.frameBytesMax,
): number | JsonFault {
  if (end - start > textBytesMax) {
    const message = `a frame must be at most ${textBytesMax} bytes of JSON, got ${end - start}`
    return { message, byeCode: BYE.FRAME_TOO_LARGE }
  }
  try {
    return writeObject(out, at, objectFromText(bytes, start, end))
  } catch (error) {
    if (!(error instanceof JsonFieldError)) throw error
    return { message: error.message, byeCode: BYE.PROTOCOL_ERROR }
  }
}

/** The JSON text of the frame that `reader` has just read from `bytes`. */
export function jsonFromFrame(reader: FrameReader, bytes: Uint8Array): string {
  return JSON.stringify(objectFromFrame(reader, bytes))
}

function writeObject(out: Uint8Array, at: number, object: JsonObject): number {
  const frame = typeof object.type === 'string' ? JSON_FRAMES.get(object.type) : undefined
  if (frame === undefined) {
    throw expected('type', `one of ${[...JSON_FRAMES.keys()].join(', ')}`, object.type)
  }
  out[at] = frame.type
  let end = at + 1
  for (const field of frame.fields) end = writeField(out, end, object, frame, field)
  return end
}

function writeField(
  out: Uint8Array,
  at: number,
  object: JsonObject,
  frame: JsonFrame,
  field: JsonField,
): number {
  const name = `${frame.name}.${field.name}`
  const value = object[field.name]
  if (value === undefined && field.isRequired) throw expected(name, 'given', value)
  const number = value === undefined ? field.fallback : value
  switch (field.kind) {
    case 'u8':
      out[at] = integerOf(number, name, 0xff)
      return at + 1
    case 'msgFlags':
      out[at] = flagsOf(integerOf(number, name, 0xff), object)
      return at + 1
    case 'u16':
      return writeU16(out, at, integerOf(number, name, 0xffff))
    case 'u64':
      return writeU64(out, at, integerOf(number, name, Number.MAX_SAFE_INTEGER))
    case 'optionalU64':
      if (value === undefined) return at
      return writeU64(out, at, integerOf(value, name, Number.MAX_SAFE_INTEGER))
    case 'varint':
      return writeVarint(out, at, integerOf(number, name, Number.MAX_SAFE_INTEGER))
    case 'optionalVarint':
      if (value === undefined) return at
      return writeVarint(out, at, integerOf(value, name, Number.MAX_SAFE_INTEGER))
    case 'session':
      return writeSessionId(out, at, sessionIdOf(value, name))
    case 'string':
      return writeString(out, at, value === undefined ? '' : stringOf(value, name))
    case 'strings': {
      const texts = value === undefined ? [] : stringsOf(value, name)
      return writeStrings(out, writeVarint(out, at, texts.length), texts)
    }
    case 'payload':
      return writePayload(out, at, object, frame)
  }
}

function flagsOf(flags: number, object: JsonObject): number {
  return object.publishedUs === undefined
    ? flags & ~MSG_FLAG.PUBLISHED_US
    : flags | MSG_FLAG.PUBLISHED_US
}

function writePayload(out: Uint8Array, at: number, object: JsonObject, frame: JsonFrame): number {
  const { payload, payload64 } = object
  if (payload64 === undefined) {
    return payload === undefined
      ? at
      : writeUtf8(out, at, stringOf(payload, `${frame.name}.payload`))
  }
  if (payload !== undefined) {
    throw new JsonFieldError(`${frame.name} must have payload or payload64, got both`)
  }
  const decoded = base64Of(payload64, `${frame.name}.payload64`)
  return copyRange(out, at, decoded, 0, decoded.length)
}

function writeSessionId(out: Uint8Array, at: number, sessionId: string): number {
  const middle = writeU32(out, at, Number.parseInt(sessionId.slice(0, 8), 16))
  return writeU32(out, middle, Number.parseInt(sessionId.slice(8), 16))
}
