import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameFromJson, jsonFrameBytesMax } from '../../src/protocol/json-frames.ts'
import { frameEvent, type Sender } from './carrier-events.ts'
import { bytesOfFrame, randomFrames } from './frame-arbitraries.ts'

function binary(text: string | Uint8Array) {
  const bytes = Buffer.from(text as string)
  const out = new Uint8Array(jsonFrameBytesMax(bytes.length))
  const end = frameFromJson(bytes, 0, bytes.length, out, 0)
  return typeof end === 'number' ? out.subarray(0, end) : end
}

describe('JSON frames', () => {
  for (const from of ['device', 'node'] satisfies Sender[]) {
    it(`are the same bytes again for every frame of a ${from}`, () => {
      fc.assert(
        fc.property(randomFrames[from], (frame) => {
          const bytes = bytesOfFrame(frame)
          const text = frameEvent(from, bytes, 0, bytes.length)
          expect(JSON.parse(text)).toEqual(frame.json)
          expect(binary(text)).toEqual(bytes)
        }),
        { numRuns: 300 },
      )
    })
  }

  it('fit the reserved room and answer any text with a frame or a fault', () => {
    const names = ['HELLO', 'PING', 'ACK', 'SEND', 'WELCOME', 'MSG', 'BYE', 'SENT']
    const fields = [
      'deviceId',
      'tags',
      'seq',
      'product',
      'payload',
      'payload64',
      'sessionId',
      'code',
    ]
    const objects = fc
      .tuple(
        fc.constantFrom(...names),
        fc.dictionary(fc.constantFrom(...fields, 'flags', 'addresses'), fc.jsonValue()),
      )
      .map(([type, rest]) => JSON.stringify({ ...rest, type }))
    fc.assert(
      fc.property(fc.oneof(objects, fc.json(), fc.string()), (text) => {
        const bytes = Buffer.from(text)
        const out = new Uint8Array(jsonFrameBytesMax(bytes.length))
        const end = frameFromJson(bytes, 0, bytes.length, out, 0)
        if (typeof end === 'number') expect(end).toBeLessThanOrEqual(out.length)
        else expect(end.byeCode).toBe(4000)
      }),
      { numRuns: 1_000 },
    )
  })

  it('give each field its largest value in less room than its text', () => {
    const max = Number.MAX_SAFE_INTEGER
    const hello = { type: 'HELLO', deviceId: 'é'.repeat(64), tags: new Array(32).fill('') }
    const frames = [
      { ...hello, heartbeatSeconds: max, inboxSeq: max, broadcastSeq: max },
      { type: 'WELCOME', sessionId: 'f'.repeat(16) },
      { type: 'MSG', payload: '\u{10ffff}'.repeat(100) },
    ]
    for (const frame of frames) expect(binary(JSON.stringify(frame))).toBeInstanceOf(Uint8Array)
  })

  it('replace a lone surrogate, which UTF-8 cannot hold', () => {
    const bytes = binary('{"type":"BIND","add":1,"tag":"\\ud800"}')
    expect(Buffer.from(bytes as Uint8Array).toString('hex')).toBe('060103efbfbd')
  })

  it('keep a byte order mark in a payload', () => {
    const bytes = Buffer.from('830000efbbbf61', 'hex')
    const text = frameEvent('node', bytes, 0, bytes.length)
    expect(Buffer.from(binary(text) as Uint8Array).toString('hex')).toBe('830000efbbbf61')
  })

  it('refuse a text above the limit as a frame that is too large', () => {
    const text = Buffer.from(`{"type":"SEND","product":"p","payload":"${'x'.repeat(65_536)}"}`)
    const fault = frameFromJson(text, 0, text.length, new Uint8Array(70_000), 0)
    expect(fault).toEqual({
      message: `a frame must be at most 65536 bytes of JSON, got ${text.length}`,
      byeCode: 4005,
    })
  })
})
