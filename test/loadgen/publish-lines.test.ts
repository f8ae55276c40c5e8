import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceIdOf, deviceNamesOf } from '../../src/loadgen/device-names.ts'
import {
  isMarkerOf,
  MARKER_INTENDED_AT,
  MARKER_SEQ_AT,
  MARKER_WRITTEN_AT,
} from '../../src/loadgen/marker.ts'
import { PublishLines } from '../../src/loadgen/publish-lines.ts'

describe('publish lines', () => {
  it('are JSON with the device and the marked payload, whatever their place in the chunk', () => {
    const connections = fc.integer({ min: 1, max: 2_000_000 })
    fc.assert(
      fc.property(
        connections,
        fc.nat(1_999_999),
        fc.integer({ min: 24, max: 300 }),
        fc.nat(0xffff_ffff),
        fc.double({ min: 0, max: 1e15, noNaN: true }),
        fc.nat(50),
        (count, wanted, messageBytes, seq, intendedUs, at) => {
          const runId = 0xdead_beef
          const names = deviceNamesOf(runId, count)
          const device = wanted % count
          const lines = new PublishLines(names, messageBytes, runId)
          const chunk = Buffer.alloc(at + lines.lineBytes)
          lines.write(chunk, at, device, seq, intendedUs, intendedUs + 1)
          const text = chunk.toString('utf8', at)
          expect(text.endsWith('}\n')).toBe(true)
          const { to, payload64 } = JSON.parse(text)
          expect(to).toEqual([deviceIdOf(names, device)])
          const payload = Buffer.from(payload64, 'base64')
          expect(payload).toHaveLength(messageBytes)
          const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
          expect(isMarkerOf(view, 0, payload.length, runId)).toBe(true)
          expect(view.getUint32(MARKER_SEQ_AT)).toBe(seq)
          expect(view.getFloat64(MARKER_INTENDED_AT)).toBe(intendedUs)
          expect(view.getFloat64(MARKER_WRITTEN_AT)).toBe(intendedUs + 1)
        },
      ),
    )
  })

  it('go to all where there are no devices', () => {
    const lines = new PublishLines(null, 24, 1)
    const chunk = Buffer.alloc(lines.lineBytes)
    lines.write(chunk, 0, 0, 1, 2, 3)
    expect(JSON.parse(chunk.toString()).to).toBe('all')
  })
})
