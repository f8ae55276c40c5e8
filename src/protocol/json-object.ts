/** A frame as the object of its JSON form: field by field, with the names of docs/protocol.md. */
import type { FrameReader } from './frame-reader.ts'
import { FRAME } from './frame-types.ts'
import { isUtf8Range, textFromUtf8 } from './utf8.ts'

export type JsonObject = Record<string, unknown>

/** What `reader` has just read from `bytes`; steps through its tags or addresses. */
export function objectFromFrame(reader: FrameReader, bytes: Uint8Array): JsonObject {
  const { flags, heartbeatSeconds, inboxSeq, broadcastSeq, stream, seq, requestId } = reader
  const text = (start: number, end: number) => textFromUtf8(bytes, start, end)
  switch (reader.type) {
    case FRAME.HELLO: {
      const { version, network } = reader
      const deviceId = text(reader.deviceIdStart, reader.deviceIdEnd)
      const token = text(reader.tokenStart, reader.tokenEnd)
      const tags: string[] = []
      while (reader.nextTag()) tags.push(text(reader.tagStart, reader.tagEnd))
      return {
        ...{ type: 'HELLO', version, flags, network, heartbeatSeconds, inboxSeq, broadcastSeq },
        ...{ deviceId, token, tags },
      }
    }
    case FRAME.PING: {
      const { observedIdleSeconds } = reader
      return observedIdleSeconds < 0 ? { type: 'PING' } : { type: 'PING', observedIdleSeconds }
    }
    case FRAME.ACK:
      return { type: 'ACK', stream, seq }
    case FRAME.PULL:
      return { type: 'PULL', stream, afterSeq: seq, max: reader.max }
    case FRAME.SEND: {
      const product = text(reader.productStart, reader.productEnd)
      const route = text(reader.routeStart, reader.routeEnd)
      return { type: 'SEND', requestId, product, route, ...payloadOf(reader, bytes) }
    }
    case FRAME.BIND:
      return { type: 'BIND', add: reader.add, tag: text(reader.tagStart, reader.tagEnd) }
    case FRAME.WELCOME: {
      const { serverTimeMs } = reader
      const sessionId = hex32(reader.sessionIdHigh) + hex32(reader.sessionIdLow)
      return {
        ...{ type: 'WELCOME', flags, heartbeatSeconds, serverTimeMs, inboxSeq, broadcastSeq },
        sessionId,
      }
    }
    case FRAME.PONG:
      return heartbeatSeconds < 0 ? { type: 'PONG' } : { type: 'PONG', heartbeatSeconds }
    case FRAME.MSG: {
      const { publishedUs } = reader
      const stamp = publishedUs < 0 ? {} : { publishedUs }
      return { type: 'MSG', flags, seq, ...stamp, ...payloadOf(reader, bytes) }
    }
    case FRAME.NOTIFY:
      return { type: 'NOTIFY', stream, headSeq: seq }
    case FRAME.BYE: {
      const { code, retryAfterMs } = reader
      const reason = text(reader.reasonStart, reader.reasonEnd)
      const addresses: string[] = []
      while (reader.nextAddress()) addresses.push(text(reader.addressStart, reader.addressEnd))
      return { type: 'BYE', code, reason, retryAfterMs, addresses }
    }
    default:
      return { type: 'SENT', requestId, status: reader.status }
  }
}

/** A byte order mark stays in the string: JSON has no use for it, but the payload may. */
function payloadOf(reader: FrameReader, bytes: Uint8Array): JsonObject {
  const { payloadStart, payloadEnd } = reader
  if (isUtf8Range(bytes, payloadStart, payloadEnd)) {
    return { payload: textFromUtf8(bytes, payloadStart, payloadEnd) }
  }
  const payload = Buffer.from(
    bytes.buffer,
    bytes.byteOffset + payloadStart,
    payloadEnd - payloadStart,
  )
  return { payload64: payload.toString('base64') }
}

function hex32(word: number): string {
  return word.toString(16).padStart(8, '0')
}
