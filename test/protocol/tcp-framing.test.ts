import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  LENGTH_BYTES_MAX,
  TCP_EVENT,
  TcpFraming,
  writeLengthBefore,
} from '../../src/protocol/tcp-framing.ts'
import { tcpEvents } from './carrier-events.ts'
import { bytesOfFrame, randomFrames } from './frame-arbitraries.ts'
import { cutAt } from './kept-region.ts'

describe('TCP framing', () => {
  it('gives the same frames however the stream is cut', () => {
    const frames = fc.array(randomFrames.device, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 8 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map((frame) => withLength(bytesOfFrame(frame))))
        const events = tcpEvents('device', cutAt(stream, cuts)).map((event) => JSON.parse(event))
        expect(events).toEqual(sent.map((frame) => frame.json))
      }),
      { numRuns: 150 },
    )
  })

  it('comes to the same end on random bytes however they are cut', () => {
    const streams = fc.uint8Array({ maxLength: 120 })
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 8 }), (stream, cuts) => {
        expect(tcpEvents('device', cutAt(stream, cuts), 100)).toEqual(
          tcpEvents('device', [stream], 100),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('writes lengths of one to four bytes directly in front of the frame', () => {
    for (const [bytes, lengthBytes] of [
      [1, 1],
      [127, 1],
      [128, 2],
      [16_384, 3],
      [2_097_152, 4],
    ]) {
      const out = new Uint8Array(LENGTH_BYTES_MAX + bytes)
      const start = writeLengthBefore(out, LENGTH_BYTES_MAX, out.length)
      expect(LENGTH_BYTES_MAX - start).toBe(lengthBytes)
      const framing = new TcpFraming(4_000_000)
      expect(framing.next(out, start, out.length)).toBe(TCP_EVENT.FRAME)
      expect([framing.bodyStart, framing.bodyEnd]).toEqual([LENGTH_BYTES_MAX, out.length])
    }
  })

  it('accepts a frame of exactly the limit and refuses one byte more before it arrives', () => {
    const framing = new TcpFraming(300)
    const exact = withLength(new Uint8Array(300))
    expect(framing.next(exact, 0, exact.length)).toBe(TCP_EVENT.FRAME)
    const larger = withLength(new Uint8Array(301))
    expect(framing.next(larger, 0, 2)).toBe(TCP_EVENT.FAULT)
    expect([framing.fault, framing.byeCode]).toEqual(['frame-too-large', 4005])
  })

  it('tells the type of an unfinished frame as soon as it is there', () => {
    const framing = new TcpFraming(65_536)
    const request = Buffer.from('GET / HTTP/1.1\r\n')
    expect(framing.next(request, 0, 1)).toBe(TCP_EVENT.NEED_MORE)
    expect(framing.pendingType).toBe(-1)
    expect(framing.next(request, 0, request.length)).toBe(TCP_EVENT.NEED_MORE)
    expect(framing.pendingType).toBe(0x45)
  })
})

function withLength(frame: Uint8Array): Uint8Array {
  const out = new Uint8Array(LENGTH_BYTES_MAX + frame.length)
  out.set(frame, LENGTH_BYTES_MAX)
  return out.subarray(writeLengthBefore(out, LENGTH_BYTES_MAX, out.length))
}
