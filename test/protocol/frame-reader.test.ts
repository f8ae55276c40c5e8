import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_FAULTS } from '../../src/protocol/frame-faults.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { FRAME } from '../../src/protocol/frame-types.ts'
import { helloFields, writeHello, writeMsg } from '../../src/protocol/frame-writer.ts'
import { frameEvent, type Sender } from './carrier-events.ts'
import { bytesOfFrame, randomFrames } from './frame-arbitraries.ts'

const senders = fc.constantFrom<Sender>('device', 'node')

/** Random bytes behind a real type byte, and real frames with one byte changed. */
const hostileFrames = fc.oneof(
  fc
    .tuple(fc.constantFrom(...Object.values(FRAME)), fc.uint8Array({ maxLength: 80 }))
    .map(([type, rest]) => Uint8Array.of(type, ...rest)),
  fc.uint8Array({ maxLength: 40 }),
  fc
    .tuple(fc.oneof(randomFrames.device, randomFrames.node), fc.nat(), fc.nat(255))
    .map(([frame, at, byte]) => {
      const bytes = bytesOfFrame(frame)
      bytes[at % bytes.length] = byte
      return bytes
    }),
)

describe('FrameReader', () => {
  it('answers any bytes with a frame or a named fault, whatever lies around them', () => {
    fc.assert(
      fc.property(
        senders,
        hostileFrames,
        fc.uint8Array({ maxLength: 20 }),
        (from, bytes, around) => {
          const arena = Uint8Array.of(...around, ...bytes, ...around)
          const reader = new FrameReader({ from })
          const isFrame = reader.read(arena, around.length, around.length + bytes.length)
          if (!isFrame) {
            expect(FRAME_FAULTS).toHaveProperty(reader.fault ?? '')
            expect(reader.byeCode).toBe(reader.fault === 'device-id-length' ? 4004 : 4000)
          } else expect(reader.fault).toBeNull()
          const alone = frameEvent(from, bytes, 0, bytes.length)
          expect(frameEvent(from, arena, around.length, around.length + bytes.length)).toBe(alone)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('steps through tags without touching anything else', () => {
    const bytes = new Uint8Array(100)
    const tags = ['news', '', 'grüße']
    const end = writeHello(bytes, 0, helloFields('d', '', tags))
    const reader = new FrameReader({ from: 'device' })
    expect(reader.read(bytes, 0, end)).toBe(true)
    const seen: string[] = []
    while (reader.nextTag()) {
      seen.push(Buffer.from(bytes.subarray(reader.tagStart, reader.tagEnd)).toString())
    }
    expect(seen).toEqual(tags)
    expect(reader.nextTag()).toBe(false)
  })

  it('has no tags to step through after a fault', () => {
    const bytes = new Uint8Array(100)
    const end = writeHello(bytes, 0, helloFields('d', '', ['a', 'b']))
    const reader = new FrameReader({ from: 'device' })
    expect(reader.read(bytes, 0, end - 1)).toBe(false)
    expect(reader.nextTag()).toBe(false)
  })

  it('takes limits of its own for device ids and tags', () => {
    const bytes = new Uint8Array(100)
    const reader = new FrameReader({ from: 'device', deviceIdBytesMax: 4, tagCountMax: 1 })
    const read = (deviceId: string, tags: string[]) => {
      reader.read(bytes, 0, writeHello(bytes, 0, helloFields(deviceId, '', tags)))
      return reader.fault
    }
    expect(read('four', ['a'])).toBeNull()
    expect(read('fives', ['a'])).toBe('device-id-length')
    expect(read('four', ['a', 'b'])).toBe('too-many-tags')
  })

  it('gives the payload as a range, not as a copy', () => {
    const bytes = new Uint8Array(40)
    const end = writeMsg(bytes, 10, 0, 300, -1, Buffer.from('hello'), 1, 4)
    const reader = new FrameReader({ from: 'node' })
    expect(reader.read(bytes, 10, end)).toBe(true)
    expect([reader.payloadStart, reader.payloadEnd]).toEqual([14, 17])
    expect(reader.publishedUs).toBe(-1)
  })
})
