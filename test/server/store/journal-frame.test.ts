import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  FRAME_HEADER_BYTES,
  frameEnd,
  readFrame,
  sealFrame,
} from '../../../src/server/store/journal-frame.ts'

const RECORD = fc.uint8Array({ maxLength: 300 })
const COUNT = fc.maxSafeNat()

function frameOf(record: Uint8Array, number: number, generation: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + record.length)
  frame.set(record, FRAME_HEADER_BYTES)
  sealFrame(frame, number, generation)
  return frame
}

describe('a frame of the journal', () => {
  it('is read as it was sealed, wherever it lies', () => {
    const property = fc.property(RECORD, COUNT, COUNT, fc.nat(50), (record, number, turn, at) => {
      const bytes = Buffer.concat([
        Buffer.alloc(at, 7),
        frameOf(record, number, turn),
        Buffer.of(9),
      ])
      const frame = readFrame(bytes, at)!
      expect([frame.number, frame.generation]).toEqual([number, turn])
      expect(Uint8Array.from(frame.record)).toEqual(record)
      const end = frameEnd(at, record.length)
      expect(end - at).toBeGreaterThanOrEqual(FRAME_HEADER_BYTES + record.length)
      expect([(end - at) % 8, frame.length]).toEqual([0, record.length])
    })
    fc.assert(property)
  })

  it('is none where one bit is another, or its end is missing', () => {
    const property = fc.property(RECORD, COUNT, fc.nat(), fc.nat(7), (record, number, at, bit) => {
      const frame = frameOf(record, number, 3)
      expect(readFrame(frame.subarray(0, at % frame.length), 0)).toBeNull()
      frame[at % frame.length]! ^= 1 << bit
      expect(readFrame(frame, 0)).toBeNull()
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('is none in what was never written, and in noise', () => {
    expect(readFrame(new Uint8Array(4096), 0)).toBeNull()
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (noise, at) => {
      expect(readFrame(noise, Math.min(at, noise.length))).toBeNull()
    })
    fc.assert(property)
  })
})
