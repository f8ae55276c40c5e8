import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CONTROL_FRAME_BYTES_MAX,
  FIN_BIT,
  HEADER_BYTES_MAX,
  OPCODE,
} from '../../src/protocol/websocket-frame.ts'
import { WebSocketMask } from '../../src/protocol/websocket-mask.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../src/protocol/websocket-reader.ts'
import {
  headerBytes,
  NO_MASK,
  writeClose,
  writeHeaderBefore,
  writeWebSocketPing,
  writeWebSocketPong,
} from '../../src/protocol/websocket-writer.ts'
import { webSocketEvents } from './carrier-events.ts'
import { cutAt, KeptRegion } from './kept-region.ts'

const MESSAGE_BYTES_MAX = 70_000

interface Fragmented {
  readonly opcode: number
  readonly payload: Uint8Array
  /** Where the message is cut into frames. */
  readonly cuts: readonly number[]
  /** A control frame before each of the frames, or none. */
  readonly controls: readonly (string | null)[]
}

const shortPayload = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => [OPCODE.TEXT, text] as const),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => [OPCODE.BINARY, bytes] as const),
)

const fragmented: fc.Arbitrary<Fragmented> = fc
  .record({
    content: shortPayload,
    cuts: fc.array(fc.nat(), { maxLength: 4 }),
    controls: fc.array(fc.option(fc.string({ maxLength: 30 })), { maxLength: 5 }),
  })
  .map(({ content: [opcode, value], cuts, controls }) => ({
    opcode,
    payload: Buffer.from(value as string),
    cuts,
    controls,
  }))

function frame(opcode: number, payload: Uint8Array, isLast: boolean, maskKey: number): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES_MAX + payload.length)
  out.set(payload, HEADER_BYTES_MAX)
  const start = writeHeaderBefore(out, HEADER_BYTES_MAX, out.length, opcode, maskKey)
  if (!isLast) out[start] &= ~FIN_BIT
  return out.subarray(start)
}

function wireOf(messages: readonly Fragmented[], nextKey: () => number): Uint8Array {
  const frames: Uint8Array[] = []
  for (const { opcode, payload, cuts, controls } of messages) {
    const parts = cutAt(payload, cuts)
    parts.forEach((part, index) => {
      const control = controls[index]
      if (typeof control === 'string') {
        frames.push(frame(OPCODE.PING, Buffer.from(control), true, nextKey()))
      }
      const code = index === 0 ? opcode : OPCODE.CONTINUATION
      frames.push(frame(code, part, index === parts.length - 1, nextKey()))
    })
  }
  return Buffer.concat(frames)
}

function eventsOf(messages: readonly Fragmented[]): string[] {
  return messages.flatMap(({ opcode, payload, cuts, controls }) => [
    ...controls
      .slice(0, cuts.length + 1)
      .filter((control) => control !== null)
      .map((control) => `PING ${JSON.stringify(control)}`),
    opcode === OPCODE.TEXT
      ? `TEXT ${JSON.stringify(Buffer.from(payload).toString())}`
      : `BINARY ${Buffer.from(payload).toString('hex')}`,
  ])
}

describe('WebSocket frames', () => {
  for (const role of ['server', 'client'] as const) {
    it(`reach a ${role} however they are fragmented, masked, interleaved and cut`, () => {
      const keys = fc.array(fc.nat(0xffff_ffff), { minLength: 1, maxLength: 4 })
      fc.assert(
        fc.property(
          fc.array(fragmented, { minLength: 1, maxLength: 4 }),
          keys,
          fc.array(fc.nat(), { maxLength: 10 }),
          (messages, maskKeys, cuts) => {
            let used = 0
            const nextKey = () => (role === 'client' ? NO_MASK : maskKeys[used++ % maskKeys.length])
            const wire = wireOf(messages, nextKey)
            expect(webSocketEvents(role, cutAt(wire, cuts), MESSAGE_BYTES_MAX)).toEqual(
              eventsOf(messages),
            )
          },
        ),
        { numRuns: 200 },
      )
    })
  }

  it('come to the same end on random bytes however they are cut', () => {
    const header = fc.constantFrom(0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x00)
    const small = fc.nat(20).map((length) => 0x80 | length)
    const lively = fc
      .array(fc.tuple(header, small, fc.uint8Array({ maxLength: 24 })), { maxLength: 6 })
      .map((frames) => Uint8Array.from(frames.flatMap(([a, b, rest]) => [a, b, ...rest])))
    const streams = fc.oneof(lively, fc.uint8Array({ maxLength: 60 }))
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 10 }), (stream, cuts) => {
        expect(webSocketEvents('server', cutAt(stream, cuts), 50)).toEqual(
          webSocketEvents('server', [stream], 50),
        )
      }),
      { numRuns: 1_500 },
    )
  })

  it('have the shortest of the three lengths', () => {
    for (const [payloadBytes, header] of [
      [0, 2],
      [125, 2],
      [126, 4],
      [65_535, 4],
      [65_536, 10],
    ]) {
      expect(headerBytes(payloadBytes)).toBe(header)
      expect(headerBytes(payloadBytes, 0)).toBe(header + 4)
      const wire = frame(OPCODE.BINARY, new Uint8Array(payloadBytes), true, 77)
      expect(wire.length).toBe(header + 4 + payloadBytes)
      expect(webSocketEvents('server', [wire], MESSAGE_BYTES_MAX)).toEqual([
        `BINARY ${'00'.repeat(payloadBytes)}`,
      ])
    }
  })

  it('keep no more than one message and a control frame of a peer that fragments', () => {
    const reader = new WebSocketReader({ role: 'server', messageBytesMax: 1_000 })
    const region = new KeptRegion()
    const wire = Buffer.concat([
      frame(OPCODE.BINARY, new Uint8Array(500), false, 5),
      ...Array.from({ length: 300 }, () => frame(OPCODE.CONTINUATION, new Uint8Array(1), false, 6)),
      ...Array.from({ length: 300 }, () => frame(OPCODE.CONTINUATION, new Uint8Array(0), false, 7)),
    ])
    let assembledBytes = 0
    let fragmentOpcode = 0
    for (const chunk of cutAt(wire, [700, 1_001, 1_500, 2_222])) {
      region.present(chunk, (bytes, start, end) => {
        reader.begin(bytes, start, end, assembledBytes, fragmentOpcode)
        expect(reader.next()).toBe(WEBSOCKET_EVENT.NEED_MORE)
        assembledBytes = reader.assembledBytes
        fragmentOpcode = reader.fragmentOpcode
        return reader.keepFrom
      })
      expect(region.keptBytes).toBeLessThanOrEqual(1_000 + CONTROL_FRAME_BYTES_MAX)
    }
    expect([assembledBytes, fragmentOpcode, region.keptBytes]).toEqual([800, OPCODE.BINARY, 800])
  })

  it('may be left in the middle of a batch and taken up again', () => {
    const wire = Buffer.concat([
      frame(OPCODE.BINARY, Buffer.from('ab'), false, 1),
      frame(OPCODE.PING, Buffer.from('!'), true, 2),
      frame(OPCODE.CONTINUATION, Buffer.from('cd'), true, 3),
    ])
    const reader = new WebSocketReader({ role: 'server', messageBytesMax: 100 })
    const bytes = Uint8Array.from(wire)
    reader.begin(bytes, 0, bytes.length, 0, 0)
    expect(reader.next()).toBe(WEBSOCKET_EVENT.PING)
    reader.finish()
    const { keepFrom, assembledBytes, fragmentOpcode } = reader
    reader.begin(bytes, keepFrom, bytes.length, assembledBytes, fragmentOpcode)
    expect(reader.next()).toBe(WEBSOCKET_EVENT.BINARY)
    const { payloadStart, payloadEnd } = reader
    expect(Buffer.from(bytes.subarray(payloadStart, payloadEnd)).toString()).toBe('abcd')
    expect(reader.next()).toBe(WEBSOCKET_EVENT.NEED_MORE)
    expect(reader.keepFrom).toBe(bytes.length)
  })

  it('carry pings, pongs and closes with and without a mask', () => {
    const out = new Uint8Array(CONTROL_FRAME_BYTES_MAX)
    const payload = new Uint8Array(125).fill(0x61)
    for (const [role, maskKey] of [
      ['server', 0xdead_beef],
      ['client', NO_MASK],
    ] as const) {
      const read = (end: number) => webSocketEvents(role, [out.slice(0, end)])
      const text = JSON.stringify('a'.repeat(125))
      expect(read(writeWebSocketPing(out, 0, payload, 0, 125, maskKey))).toEqual([`PING ${text}`])
      expect(read(writeWebSocketPong(out, 0, payload, 0, 125, maskKey))).toEqual([`PONG ${text}`])
      expect(read(writeWebSocketPong(out, 0, payload, 5, 8, maskKey))).toEqual(['PONG "aaa"'])
      expect(read(writeClose(out, 0, 4102, 'too-slow', maskKey))).toEqual(['CLOSE 4102 "too-slow"'])
      expect(read(writeClose(out, 0, 0, '', maskKey))).toEqual(['CLOSE 1005 ""'])
    }
  })

  it('cut a close reason at a character, not inside it', () => {
    const out = new Uint8Array(CONTROL_FRAME_BYTES_MAX)
    const end = writeClose(out, 0, 4000, `a${'ü'.repeat(100)}`, 9)
    expect(webSocketEvents('server', [out.subarray(0, end)])).toEqual([
      `CLOSE 4000 ${JSON.stringify(`a${'ü'.repeat(61)}`)}`,
    ])
  })
})

describe('WebSocketMask', () => {
  it('is the byte by byte definition at every alignment and leaves the rest alone', () => {
    const mask = new WebSocketMask()
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 150 }),
        fc.nat(9),
        fc.nat(3),
        fc.nat(0xffff_ffff),
        (payload, start, offset, key) => {
          const buffer = new ArrayBuffer(offset + start + payload.length + 5)
          const bytes = new Uint8Array(buffer, offset)
          bytes.set(payload, start)
          const keyBytes = [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255]
          const expected = Uint8Array.from(bytes)
          payload.forEach((byte, index) => {
            expected[start + index] = byte ^ keyBytes[index & 3]
          })
          mask.apply(bytes, start, start + payload.length, key)
          expect(Buffer.compare(bytes, expected)).toBe(0)
        },
      ),
      { numRuns: 500 },
    )
  })
})
