import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isMarkerOf,
  MARKER_BYTES,
  MARKER_INTENDED_AT,
  MARKER_SEQ_AT,
  MARKER_WRITTEN_AT,
  payloadTemplate,
  writeMarker,
} from '../../src/loadgen/marker.ts'

const u32 = fc.nat(0xffff_ffff)
const us = fc.double({ min: 0, max: 2 ** 53, noNaN: true })

describe('marker', () => {
  it('is read back field by field at any offset', () => {
    fc.assert(
      fc.property(u32, u32, us, us, fc.nat(40), (runId, seq, intendedUs, writtenUs, at) => {
        const view = new DataView(new ArrayBuffer(at + MARKER_BYTES))
        writeMarker(view, at, runId, seq, intendedUs, writtenUs)
        expect(isMarkerOf(view, at, MARKER_BYTES, runId)).toBe(true)
        expect(isMarkerOf(view, at, MARKER_BYTES, (runId + 1) >>> 0)).toBe(false)
        expect(isMarkerOf(view, at, MARKER_BYTES - 1, runId)).toBe(false)
        expect(view.getUint32(at + MARKER_SEQ_AT)).toBe(seq)
        expect(view.getFloat64(at + MARKER_INTENDED_AT)).toBe(intendedUs)
        expect(view.getFloat64(at + MARKER_WRITTEN_AT)).toBe(writtenUs)
      }),
    )
  })

  it('fills 32 characters of base64 without padding', () => {
    expect(Buffer.from(payloadTemplate(MARKER_BYTES)).toString('base64')).toBe('A'.repeat(32))
  })

  it('makes every payload large enough for itself', () => {
    expect(payloadTemplate(0)).toHaveLength(MARKER_BYTES)
    expect(Buffer.from(payloadTemplate(26).subarray(24)).toString()).toBe('..')
  })
})
