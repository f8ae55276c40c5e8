/** Random frames: the fields as plain values, and their bytes by the frame writers. */
import fc from 'fast-check'
import { BYE, byeReason, type FrameName } from '../../src/protocol/frame-types.ts'
import * as writer from '../../src/protocol/frame-writer.ts'
import type { Sender } from './carrier-events.ts'

export interface RandomFrame {
  readonly name: FrameName
  /** The JSON form that jsonFromFrame() must give. */
  readonly json: Record<string, unknown>
  readonly bytesMax: number
  readonly write: (out: Uint8Array, at: number) => number
}

/** Small numbers often, and the borders of varint lengths. */
const varint = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 28 - 1, 2 ** 28, 2 ** 32, 2 ** 35, 2 ** 49),
  fc.constant(Number.MAX_SAFE_INTEGER),
)
const u8 = fc.nat(255)
const u32 = fc.nat(0xffff_ffff)
const stream = fc.constantFrom(0, 1)
const text = (bytesMax: number) =>
  fc
    .string({ unit: 'binary', maxLength: bytesMax })
    .filter((value) => Buffer.byteLength(value) <= bytesMax)
const tags = fc.array(text(128), { maxLength: 32 })
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  text(300).map((value) => Buffer.from(value)),
)

export function payloadJson(bytes: Uint8Array): Record<string, string> {
  const buffer = Buffer.from(bytes)
  const asText = buffer.toString('utf8')
  return Buffer.from(asText).equals(buffer)
    ? { payload: asText }
    : { payload64: buffer.toString('base64') }
}

const hello = fc
  .record({
    flags: u8,
    network: fc.nat(6),
    heartbeatSeconds: varint,
    inboxSeq: varint,
    broadcastSeq: varint,
    deviceId: text(128).filter((value) => value !== ''),
    token: text(200),
    tags,
  })
  .map((fields): RandomFrame => {
    const ready = writer.helloFields(fields.deviceId, fields.token, fields.tags, {
      flags: fields.flags,
      network: fields.network,
      heartbeatSeconds: fields.heartbeatSeconds,
      inboxSeq: fields.inboxSeq,
      broadcastSeq: fields.broadcastSeq,
    })
    return {
      name: 'HELLO',
      json: { type: 'HELLO', version: 1, ...fields },
      bytesMax: writer.helloBytesMax(ready),
      write: (out, at) => writer.writeHello(out, at, ready),
    }
  })

const ping = fc.option(varint).map(
  (seconds): RandomFrame => ({
    name: 'PING',
    json: seconds === null ? { type: 'PING' } : { type: 'PING', observedIdleSeconds: seconds },
    bytesMax: writer.PING_BYTES_MAX,
    write: (out, at) => writer.writePing(out, at, seconds ?? -1),
  }),
)

const ack = fc.record({ stream, seq: varint }).map(
  (fields): RandomFrame => ({
    name: 'ACK',
    json: { type: 'ACK', ...fields },
    bytesMax: writer.ACK_BYTES_MAX,
    write: (out, at) => writer.writeAck(out, at, fields.stream, fields.seq),
  }),
)

const pull = fc.record({ stream, afterSeq: varint, max: varint }).map(
  (fields): RandomFrame => ({
    name: 'PULL',
    json: { type: 'PULL', ...fields },
    bytesMax: writer.PULL_BYTES_MAX,
    write: (out, at) => writer.writePull(out, at, fields.stream, fields.afterSeq, fields.max),
  }),
)

const send = fc
  .record({ requestId: varint, product: text(128), route: text(300), payload })
  .map(({ requestId, product, route, payload }): RandomFrame => {
    // The payload as a part of a larger array, as it lies in a read arena.
    const source = new Uint8Array(payload.length + 7)
    source.set(payload, 3)
    const fields = {
      requestId,
      product: Buffer.from(product),
      route: Buffer.from(route),
      payload: source,
      payloadStart: 3,
      payloadEnd: 3 + payload.length,
    }
    return {
      name: 'SEND',
      json: { type: 'SEND', requestId, product, route, ...payloadJson(payload) },
      bytesMax: writer.sendBytesMax(fields),
      write: (out, at) => writer.writeSend(out, at, fields),
    }
  })

const bind = fc.record({ add: stream, tag: text(128) }).map(
  (fields): RandomFrame => ({
    name: 'BIND',
    json: { type: 'BIND', ...fields },
    bytesMax: writer.bindBytesMax(fields.tag),
    write: (out, at) => writer.writeBind(out, at, fields.add, fields.tag),
  }),
)

const welcome = fc
  .record({
    flags: u8,
    heartbeatSeconds: varint,
    serverTimeMs: varint,
    inboxSeq: varint,
    broadcastSeq: varint,
    sessionIdHigh: u32,
    sessionIdLow: u32,
  })
  .map((fields): RandomFrame => {
    const { sessionIdHigh, sessionIdLow, ...rest } = fields
    const sessionId = (BigInt(sessionIdHigh) * 2n ** 32n + BigInt(sessionIdLow)).toString(16)
    return {
      name: 'WELCOME',
      json: { type: 'WELCOME', ...rest, sessionId: sessionId.padStart(16, '0') },
      bytesMax: writer.WELCOME_BYTES_MAX,
      write: (out, at) => writer.writeWelcome(out, at, fields),
    }
  })

const pong = fc.option(varint).map(
  (seconds): RandomFrame => ({
    name: 'PONG',
    json: seconds === null ? { type: 'PONG' } : { type: 'PONG', heartbeatSeconds: seconds },
    bytesMax: writer.PONG_BYTES_MAX,
    write: (out, at) => writer.writePong(out, at, seconds ?? -1),
  }),
)

const msg = fc
  .record({ flags: u8, seq: varint, publishedUs: fc.option(varint), payload })
  .map(({ flags, seq, publishedUs, payload }): RandomFrame => {
    const stamp = publishedUs === null ? {} : { publishedUs }
    const sent = publishedUs === null ? flags & ~4 : flags | 4
    return {
      name: 'MSG',
      json: { type: 'MSG', flags: sent, seq, ...stamp, ...payloadJson(payload) },
      bytesMax: writer.msgBytesMax(payload.length),
      write: (out, at) =>
        writer.writeMsg(out, at, flags, seq, publishedUs ?? -1, payload, 0, payload.length),
    }
  })

const notify = fc.record({ stream, headSeq: varint }).map(
  (fields): RandomFrame => ({
    name: 'NOTIFY',
    json: { type: 'NOTIFY', ...fields },
    bytesMax: writer.NOTIFY_BYTES_MAX,
    write: (out, at) => writer.writeNotify(out, at, fields.stream, fields.headSeq),
  }),
)

const bye = fc
  .record({
    code: fc.constantFrom(...Object.values(BYE)),
    retryAfterMs: varint,
    addresses: fc.array(text(256), { maxLength: 16 }),
  })
  .map(({ code, retryAfterMs, addresses }): RandomFrame => {
    const reason = byeReason(code)
    return {
      name: 'BYE',
      json: { type: 'BYE', code, reason, retryAfterMs, addresses },
      bytesMax: writer.byeBytesMax(reason, addresses),
      write: (out, at) => writer.writeBye(out, at, code, reason, retryAfterMs, addresses),
    }
  })

const sent = fc.record({ requestId: varint, status: fc.nat(2) }).map(
  (fields): RandomFrame => ({
    name: 'SENT',
    json: { type: 'SENT', ...fields },
    bytesMax: writer.SENT_BYTES_MAX,
    write: (out, at) => writer.writeSent(out, at, fields.requestId, fields.status),
  }),
)

export const randomFrames: Record<Sender, fc.Arbitrary<RandomFrame>> = {
  device: fc.oneof(hello, ping, ack, pull, send, bind),
  node: fc.oneof(welcome, pong, msg, notify, bye, sent),
}

/** The bytes of a frame alone. */
export function bytesOfFrame(frame: RandomFrame): Uint8Array {
  const out = new Uint8Array(frame.bytesMax)
  return out.subarray(0, frame.write(out, 0))
}
