import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newRunId } from '../../../src/loadgen/bench-setup.ts'
import { MARKER_BYTES, payloadTemplate, writeMarker } from '../../../src/loadgen/marker.ts'
import { TEXT_MARKER_CHARACTERS, TextMarker } from '../../../src/loadgen/target/text-marker.ts'
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import { FRAME } from '../../../src/protocol/frame-types.ts'
import { jsonFromFrame } from '../../../src/protocol/json-frames.ts'

const u32 = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const time = fc.double({ min: 0, max: 1e15, noNaN: true })
const around = fc.string({ unit: 'grapheme', maxLength: 40 })

describe('the marker in text', () => {
  it('is found in whatever a server puts around it, in both alphabets of base64', () => {
    fc.assert(
      fc.property(u32, u32, time, time, around, around, fc.boolean(), (...made) => {
        const [runId, seq, intendedUs, writtenUs, before, after, isUrlSafe] = made
        const marker = new TextMarker(runId)
        const text = Buffer.alloc(TEXT_MARKER_CHARACTERS)
        marker.write(text, 0, seq, intendedUs, writtenUs)
        const sent = isUrlSafe
          ? text.toString()
          : text.toString().replaceAll('-', '+').replaceAll('_', '/')
        const message = Buffer.from(before + sent + after)
        const plain = new Uint8Array(MARKER_BYTES)
        writeMarker(new DataView(plain.buffer), 0, runId, seq, intendedUs, writtenUs)
        expect(text.toString()).toBe(Buffer.from(plain).toString('base64url'))
        marker.marker.fill(0)
        expect(marker.findText(message, 0, message.length)).toBe(Buffer.byteLength(before))
        expect(Buffer.from(marker.marker)).toEqual(Buffer.from(plain))
      }),
    )
  })

  it('is not found where it is cut off, or is of another run', () => {
    const text = Buffer.alloc(TEXT_MARKER_CHARACTERS)
    new TextMarker(0x1234_5678).write(text, 0, 1, 2, 3)
    const own = new TextMarker(0x1234_5678)
    expect(own.findText(text, 0, text.length)).toBe(0)
    expect(own.findText(text, 0, text.length - 1)).toBe(-1)
    expect(own.findText(text, 1, text.length)).toBe(-1)
    // The number differs in the last two bits, which the sixth character has.
    expect(new TextMarker(0x1234_5679).findText(text, 0, text.length)).toBe(-1)
    expect(new TextMarker(0x1234_5778).findText(text, 0, text.length)).toBe(-1)
  })

  it('is found in its binary form behind a header of the server', () => {
    const marker = new TextMarker(0xfefd_fcfb)
    const bytes = Buffer.concat([Buffer.from([0xfe, 0xfd, 1]), Buffer.alloc(MARKER_BYTES + 5)])
    writeMarker(new DataView(bytes.buffer, bytes.byteOffset), 3, 0xfefd_fcfb, 7, 1, 2)
    expect(marker.findBinary(bytes, 0, bytes.length)).toBe(3)
    expect(marker.findBinary(bytes, 4, bytes.length)).toBe(-1)
    expect(marker.findBinary(bytes, 0, 3 + MARKER_BYTES - 1)).toBe(-1)
  })

  it('is found in the JSON of a push node, where all other bytes of the payload are text', () => {
    const asText = Buffer.from('BAAAAAAA').readDoubleBE()
    const message = payloadTemplate(40)
    const runId = newRunId()
    writeMarker(new DataView(message.buffer), 0, runId, 7, asText, asText)
    const reader = new FrameReader({ from: 'node' })
    const frame = Buffer.concat([Buffer.from([FRAME.MSG, 0, 0]), message])
    expect(reader.read(frame, 0, frame.length)).toBe(true)
    const json = Buffer.from(jsonFromFrame(reader, frame))
    const marker = new TextMarker(runId)
    expect(marker.findText(json, 0, json.length)).toBeGreaterThan(0)
    expect(Buffer.from(marker.marker)).toEqual(Buffer.from(message.subarray(0, MARKER_BYTES)))
  })
})
