/**
 * Writes frames (type byte and body) into bytes that the caller has sized: at `at`, returning the
 * offset behind. The carrier's header goes in front afterwards (tcp-framing.ts,
 * websocket-writer.ts), so leave room there. Frames of the hot path take byte ranges and reusable
 * field objects and allocate nothing, except that a payload above 32 bytes that is only a part of
 * its array costs one short-lived view (byte-writer.ts).
 */
import {
  copyRange,
  stringsBytesMax,
  writeString,
  writeStringRange,
  writeStrings,
  writeU16,
  writeU32,
  writeU64,
} from './byte-writer.ts'
import { FRAME, MSG_FLAG, PROTOCOL_VERSION } from './frame-types.ts'
import { utf8Bytes } from './utf8.ts'
import { VARINT_BYTES_MAX, writeVarint } from './varint.ts'

/**
 * Strings are ranges of `bytes`. A FrameReader that has just read a HELLO has the same field names.
 */
export interface HelloFields {
  flags: number
  network: number
  heartbeatSeconds: number
  inboxSeq: number
  broadcastSeq: number
  bytes: Uint8Array
  deviceIdStart: number
  deviceIdEnd: number
  tokenStart: number
  tokenEnd: number
  tagCount: number
  /** Tags as written by writeStrings(): each with its length in front. */
  tagsStart: number
  tagsEnd: number
}

export interface WelcomeFields {
  flags: number
  heartbeatSeconds: number
  serverTimeMs: number
  inboxSeq: number
  broadcastSeq: number
  sessionIdHigh: number
  sessionIdLow: number
}

export interface SendFields {
  /** 0 asks for no SENT. */
  requestId: number
  product: Uint8Array
  route: Uint8Array
  payload: Uint8Array
  payloadStart: number
  payloadEnd: number
}

export const PING_BYTES_MAX = 1 + VARINT_BYTES_MAX
export const PONG_BYTES_MAX = 1 + VARINT_BYTES_MAX
export const ACK_BYTES_MAX = 2 + VARINT_BYTES_MAX
export const PULL_BYTES_MAX = 2 + 2 * VARINT_BYTES_MAX
export const NOTIFY_BYTES_MAX = 2 + VARINT_BYTES_MAX
export const SENT_BYTES_MAX = 2 + VARINT_BYTES_MAX
export const WELCOME_BYTES_MAX = 2 + 3 * VARINT_BYTES_MAX + 8 + 8

export function helloBytesMax(hello: HelloFields): number {
  const strings = hello.deviceIdEnd - hello.deviceIdStart + hello.tokenEnd - hello.tokenStart
  return 4 + 6 * VARINT_BYTES_MAX + strings + hello.tagsEnd - hello.tagsStart
}

export function sendBytesMax(send: SendFields): number {
  const payloadBytes = send.payloadEnd - send.payloadStart
  return 1 + 3 * VARINT_BYTES_MAX + send.product.length + send.route.length + payloadBytes
}

export function msgBytesMax(payloadBytes: number): number {
  return 2 + VARINT_BYTES_MAX + 8 + payloadBytes
}

export function bindBytesMax(tag: string): number {
  return 2 + VARINT_BYTES_MAX + utf8Bytes(tag)
}

export function byeBytesMax(reason: string, addresses: readonly string[]): number {
  return 3 + 3 * VARINT_BYTES_MAX + utf8Bytes(reason) + stringsBytesMax(addresses)
}

export function writeHello(out: Uint8Array, at: number, hello: HelloFields): number {
  out[at] = FRAME.HELLO
  out[at + 1] = PROTOCOL_VERSION
  out[at + 2] = hello.flags
  out[at + 3] = hello.network
  let end = writeVarint(out, at + 4, hello.heartbeatSeconds)
  end = writeVarint(out, end, hello.inboxSeq)
  end = writeVarint(out, end, hello.broadcastSeq)
  end = writeStringRange(out, end, hello.bytes, hello.deviceIdStart, hello.deviceIdEnd)
  end = writeStringRange(out, end, hello.bytes, hello.tokenStart, hello.tokenEnd)
  end = writeVarint(out, end, hello.tagCount)
  return copyRange(out, end, hello.bytes, hello.tagsStart, hello.tagsEnd)
}

type HelloNumber = 'flags' | 'network' | 'heartbeatSeconds' | 'inboxSeq' | 'broadcastSeq'

/** A reusable HelloFields from text; allocates, so once per device profile, not per connect. */
export function helloFields(
  deviceId: string,
  token: string,
  tags: readonly string[],
  numbers: Partial<Pick<HelloFields, HelloNumber>> = {},
): HelloFields {
  const room = utf8Bytes(deviceId) + utf8Bytes(token) + stringsBytesMax(tags)
  const bytes = new Uint8Array(room)
  const encoder = new TextEncoder()
  const deviceIdEnd = encoder.encodeInto(deviceId, bytes).written
  const tokenEnd = deviceIdEnd + encoder.encodeInto(token, bytes.subarray(deviceIdEnd)).written
  return {
    flags: 0,
    network: 0,
    heartbeatSeconds: 0,
    inboxSeq: 0,
    broadcastSeq: 0,
    ...numbers,
    bytes,
    deviceIdStart: 0,
    deviceIdEnd,
    tokenStart: deviceIdEnd,
    tokenEnd,
    tagCount: tags.length,
    tagsStart: tokenEnd,
    tagsEnd: writeStrings(bytes, tokenEnd, tags),
  }
}

/** -1 leaves the number out: the heartbeat of one byte. */
export function writePing(out: Uint8Array, at: number, observedIdleSeconds = -1): number {
  out[at] = FRAME.PING
  return observedIdleSeconds < 0 ? at + 1 : writeVarint(out, at + 1, observedIdleSeconds)
}

export function writeAck(out: Uint8Array, at: number, stream: number, seq: number): number {
  out[at] = FRAME.ACK
  out[at + 1] = stream
  return writeVarint(out, at + 2, seq)
}

export function writePull(
  out: Uint8Array,
  at: number,
  stream: number,
  afterSeq: number,
  max: number,
): number {
  out[at] = FRAME.PULL
  out[at + 1] = stream
  return writeVarint(out, writeVarint(out, at + 2, afterSeq), max)
}

export function writeSend(out: Uint8Array, at: number, send: SendFields): number {
  const { product, route } = send
  out[at] = FRAME.SEND
  let end = writeVarint(out, at + 1, send.requestId)
  end = writeStringRange(out, end, product, 0, product.length)
  end = writeStringRange(out, end, route, 0, route.length)
  return copyRange(out, end, send.payload, send.payloadStart, send.payloadEnd)
}

/** `add`: 1 bind, 0 unbind. */
export function writeBind(out: Uint8Array, at: number, add: number, tag: string): number {
  out[at] = FRAME.BIND
  out[at + 1] = add
  return writeString(out, at + 2, tag)
}

export function writeWelcome(out: Uint8Array, at: number, welcome: WelcomeFields): number {
  out[at] = FRAME.WELCOME
  out[at + 1] = welcome.flags
  let end = writeVarint(out, at + 2, welcome.heartbeatSeconds)
  end = writeU64(out, end, welcome.serverTimeMs)
  end = writeVarint(out, end, welcome.inboxSeq)
  end = writeVarint(out, end, welcome.broadcastSeq)
  end = writeU32(out, end, welcome.sessionIdHigh)
  return writeU32(out, end, welcome.sessionIdLow)
}

/** -1 leaves the number out: the grant stays as it was. */
export function writePong(out: Uint8Array, at: number, heartbeatSeconds = -1): number {
  out[at] = FRAME.PONG
  return heartbeatSeconds < 0 ? at + 1 : writeVarint(out, at + 1, heartbeatSeconds)
}

/** `publishedUs` -1 leaves it out; its flag bit follows from that, whatever `flags` says. */
export function writeMsg(
  out: Uint8Array,
  at: number,
  flags: number,
  seq: number,
  publishedUs: number,
  payload: Uint8Array,
  payloadStart: number,
  payloadEnd: number,
): number {
  const stamped = publishedUs >= 0
  out[at] = FRAME.MSG
  out[at + 1] = stamped ? flags | MSG_FLAG.PUBLISHED_US : flags & ~MSG_FLAG.PUBLISHED_US
  let end = writeVarint(out, at + 2, seq)
  if (stamped) end = writeU64(out, end, publishedUs)
  return copyRange(out, end, payload, payloadStart, payloadEnd)
}

export function writeNotify(out: Uint8Array, at: number, stream: number, headSeq: number): number {
  out[at] = FRAME.NOTIFY
  out[at + 1] = stream
  return writeVarint(out, at + 2, headSeq)
}

/**
 * `reason` should be byeReason(code): at most LIMITS.reasonBytesMax bytes, or readers refuse the
 * frame.
 */
export function writeBye(
  out: Uint8Array,
  at: number,
  code: number,
  reason: string,
  retryAfterMs = 0,
  addresses: readonly string[] = [],
): number {
  out[at] = FRAME.BYE
  let end = writeString(out, writeU16(out, at + 1, code), reason)
  end = writeVarint(out, end, retryAfterMs)
  return writeStrings(out, writeVarint(out, end, addresses.length), addresses)
}

export function writeSent(out: Uint8Array, at: number, requestId: number, status: number): number {
  out[at] = FRAME.SENT
  const end = writeVarint(out, at + 1, requestId)
  out[end] = status
  return end + 1
}
