import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { helloFields, writeHello, writeMsg } from '../../src/protocol/frame-writer.ts'
import { frameEvent, type Sender } from './carrier-events.ts'
import { bytesOfFrame, randomFrames } from './frame-arbitraries.ts'

describe('frame writers', () => {
  for (const from of ['device', 'node'] satisfies Sender[]) {
    it(`write every frame of a ${from} so that it reads back, inside the reserved bytes`, () => {
      fc.assert(
        fc.property(randomFrames[from], fc.nat(5), (frame, at) => {
          const out = new Uint8Array(at + frame.bytesMax + 8).fill(0xee)
          const end = frame.write(out, at)
          expect(end).toBeLessThanOrEqual(at + frame.bytesMax)
          expect(out.subarray(0, at).every((byte) => byte === 0xee)).toBe(true)
          expect(out.subarray(end).every((byte) => byte === 0xee)).toBe(true)
          expect(JSON.parse(frameEvent(from, out, at, end))).toEqual(frame.json)
        }),
        { numRuns: 400 },
      )
    })

    it(`leave no proper prefix of a ${from}'s frame that says something else`, () => {
      fc.assert(
        fc.property(randomFrames[from], (frame) => {
          const bytes = bytesOfFrame(frame)
          const hasRest = frame.name === 'MSG' || frame.name === 'SEND'
          for (let end = 0; end < bytes.length; end++) {
            const event = frameEvent(from, bytes, 0, end)
            const isBare = frame.name === 'PING' || frame.name === 'PONG'
            if (!hasRest && !(isBare && end === 1)) expect(event).toMatch(/^FAULT (trunc|empty)/)
          }
        }),
        { numRuns: 60 },
      )
    })
  }

  it('write a HELLO again from the reader that has read it', () => {
    const first = new Uint8Array(200)
    const hello = helloFields('device-1', 'token', ['a', 'news'], { flags: 2, inboxSeq: 9 })
    const end = writeHello(first, 0, hello)
    const reader = new FrameReader({ from: 'device' })
    expect(reader.read(first, 0, end)).toBe(true)
    const second = new Uint8Array(200)
    expect(writeHello(second, 0, Object.assign(reader, { bytes: first }))).toBe(end)
    expect(second).toEqual(first)
  })

  it('write a payload of 64 KiB as a part of its array, and as the whole of it', () => {
    const payload = new Uint8Array(65_536).map((_, index) => index * 7)
    const out = new Uint8Array(70_000)
    const whole = writeMsg(out, 0, 0, 1, -1, payload, 0, payload.length)
    expect(Buffer.compare(out.subarray(3, whole), payload)).toBe(0)
    const part = writeMsg(out, 0, 0, 1, -1, payload, 11, 60_000)
    expect(Buffer.compare(out.subarray(3, part), payload.subarray(11, 60_000))).toBe(0)
  })
})
