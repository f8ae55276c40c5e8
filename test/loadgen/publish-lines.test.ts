import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceIdOf, deviceNamesOf } from '../../src/loadgen/device-names.ts'
import {
  isMarkerOf,
  MARKER_INTENDED_AT,
  MARKER_SEQ_AT,
  MARKER_WRITTEN_AT,
  MARKER_BYTES,
  ROOM_MARK,
} from '../../src/loadgen/marker.ts'
import { PayloadText } from '../../src/loadgen/population/payload-text.ts'
import { tagNamesOf } from '../../src/loadgen/population/tag-rooms.ts'
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

  it('have keys of their own where they are asked for, in every run and template', () => {
    const names = deviceNamesOf(1, 10)
    const keys = new Set<string>()
    for (const messageBytes of [24, 24, 100]) {
      const lines = new PublishLines(names, messageBytes, 1, { qos: 1, hasKeys: true })
      const chunk = Buffer.alloc(lines.lineBytes)
      for (let push = 0; push < 12; push++) {
        lines.write(chunk, 0, 3, 1, 0, 0)
        const { to, qos, id } = JSON.parse(chunk.toString())
        expect([to, qos]).toEqual([[deviceIdOf(names, 3)], 1])
        expect(id).toMatch(/^[0-9a-f]{16}-\d{10}$/)
        keys.add(id)
      }
    }
    expect(keys.size).toBe(36)
  })

  it('go to all where there are no devices', () => {
    const lines = new PublishLines(null, 24, 1)
    const chunk = Buffer.alloc(lines.lineBytes)
    lines.write(chunk, 0, 0, 1, 2, 3)
    expect(JSON.parse(chunk.toString()).to).toBe('all')
  })

  it('have the text of a payload after its marker, whatever its length', () => {
    const someSizes = fc.tuple(
      fc.integer({ min: 100, max: 300 }),
      fc.stringMatching(/^[a-zäß]{0,20}$/),
    )
    fc.assert(
      fc.property(someSizes, fc.nat(99), ([messageBytes, word], device) => {
        const names = deviceNamesOf(1, 100)
        const text = new PayloadText(`${word}{device}-{counter}`, names, 1)
        const lines = new PublishLines(names, messageBytes, 1, { text })
        const chunk = Buffer.alloc(lines.lineBytes)
        lines.write(chunk, 0, device, 7, 2, 3)
        const payload = Buffer.from(JSON.parse(chunk.toString()).payload64, 'base64')
        expect(payload).toHaveLength(messageBytes)
        const written = payload.toString('utf8', MARKER_BYTES)
        const expected = `${word}${deviceIdOf(names, device)}-0000000007`
        expect(written.startsWith(`${expected}.`)).toBe(true)
        expect(written.slice(expected.length)).toMatch(/^\.+$/)
      }),
    )
  })

  it('go to a room by its tag, numbered apart', () => {
    const names = tagNamesOf(1, { count: 20, skew: 1 })
    const lines = new PublishLines(names, 24, 1, { isToRooms: true })
    const chunk = Buffer.alloc(lines.lineBytes)
    lines.write(chunk, 0, 17, 5, 2, 3)
    const { to, payload64 } = JSON.parse(chunk.toString())
    expect(to).toEqual({ tag: 'bench-0000001-room-17' })
    expect(Buffer.from(payload64, 'base64').readUInt32BE(MARKER_SEQ_AT)).toBe(ROOM_MARK + 5)
  })
})
