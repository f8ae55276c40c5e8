/**
 * The fields of every frame in its JSON form, in the order of the binary body: json-frames.ts walks
 * this table, so a frame is added here, in frame-reader.ts and in frame-writer.ts. A field that is
 * not required defaults to 0 or to nothing.
 */
import { FRAME, type FrameName, PROTOCOL_VERSION } from './frame-types.ts'

/** How a field travels in the binary frame; 'optional…' is written only where the JSON has it. */
export type JsonFieldKind =
  | 'u8'
  | 'u16'
  | 'u64'
  | 'varint'
  | 'optionalVarint'
  | 'optionalU64'
  | 'session'
  | 'string'
  | 'strings'
  | 'payload'
  /** u8 whose bit 2 says whether publishedUs is there, whatever the sender wrote. */
  | 'msgFlags'

export interface JsonField {
  readonly name: string
  readonly kind: JsonFieldKind
  readonly isRequired: boolean
  readonly fallback: number
}

export interface JsonFrame {
  readonly name: FrameName
  readonly type: number
  readonly fields: readonly JsonField[]
}

function optional(name: string, kind: JsonFieldKind, fallback = 0): JsonField {
  return { name, kind, isRequired: false, fallback }
}

function required(name: string, kind: JsonFieldKind): JsonField {
  return { name, kind, isRequired: true, fallback: 0 }
}

const FIELDS: Record<FrameName, readonly JsonField[]> = {
  HELLO: [
    optional('version', 'u8', PROTOCOL_VERSION),
    optional('flags', 'u8'),
    optional('network', 'u8'),
    optional('heartbeatSeconds', 'varint'),
    optional('inboxSeq', 'varint'),
    optional('broadcastSeq', 'varint'),
    required('deviceId', 'string'),
    optional('token', 'string'),
    optional('tags', 'strings'),
  ],
  PING: [optional('observedIdleSeconds', 'optionalVarint')],
  ACK: [optional('stream', 'u8'), required('seq', 'varint')],
  PULL: [optional('stream', 'u8'), optional('afterSeq', 'varint'), required('max', 'varint')],
  SEND: [
    optional('requestId', 'varint'),
    required('product', 'string'),
    optional('route', 'string'),
    optional('payload', 'payload'),
  ],
  BIND: [required('add', 'u8'), required('tag', 'string')],
  WELCOME: [
    optional('flags', 'u8'),
    optional('heartbeatSeconds', 'varint'),
    optional('serverTimeMs', 'u64'),
    optional('inboxSeq', 'varint'),
    optional('broadcastSeq', 'varint'),
    required('sessionId', 'session'),
  ],
  PONG: [optional('heartbeatSeconds', 'optionalVarint')],
  MSG: [
    optional('flags', 'msgFlags'),
    optional('seq', 'varint'),
    optional('publishedUs', 'optionalU64'),
    optional('payload', 'payload'),
  ],
  NOTIFY: [optional('stream', 'u8'), required('headSeq', 'varint')],
  BYE: [
    required('code', 'u16'),
    optional('reason', 'string'),
    optional('retryAfterMs', 'varint'),
    optional('addresses', 'strings'),
  ],
  SENT: [required('requestId', 'varint'), required('status', 'u8')],
}

export const JSON_FRAMES: ReadonlyMap<string, JsonFrame> = new Map(
  (Object.keys(FIELDS) as FrameName[]).map((name) => [
    name,
    { name, type: FRAME[name], fields: FIELDS[name] },
  ]),
)
