/** Against packets that mqtt-packet writes: it shares no code with the reader. */
import fc from 'fast-check'
import mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import {
  PACKET_BYTES_MAX,
  PACKET_EVENT,
  PACKET_TYPE,
  PacketReader,
} from '../../../../src/loadgen/target/mqtt/packet-reader.ts'

const publishes = fc.record({
  topic: fc.string({ minLength: 1, maxLength: 40 }),
  payload: fc.uint8Array({ maxLength: 400 }),
  qos: fc.constantFrom(0, 1, 2),
  messageId: fc.integer({ min: 1, max: 0xffff }),
  contentType: fc.option(fc.string({ maxLength: 200 })),
})

describe('the reader of MQTT packets', () => {
  it.each([4, 5] as const)('finds each PUBLISH and its payload (version %d)', (version) => {
    const reader = new PacketReader(version)
    fc.assert(
      fc.property(fc.array(publishes, { minLength: 1, maxLength: 4 }), (rows) => {
        const bytes = Buffer.concat(
          rows.map(({ topic, payload, qos, messageId, contentType }) =>
            mqtt.generate(
              {
                cmd: 'publish',
                topic,
                payload: Buffer.from(payload),
                qos: qos as 0 | 1 | 2,
                messageId,
                dup: false,
                retain: false,
                ...(contentType === null ? {} : { properties: { contentType } }),
              },
              { protocolVersion: version },
            ),
          ),
        )
        let at = 0
        for (const { payload, qos, messageId } of rows) {
          expect(reader.next(bytes, at, bytes.length)).toBe(PACKET_EVENT.PACKET)
          expect(reader.type).toBe(PACKET_TYPE.PUBLISH)
          expect(reader.readPublish(bytes)).toBe(true)
          expect([reader.qos, reader.packetId]).toEqual([qos, qos === 0 ? 0 : messageId])
          const found = bytes.subarray(reader.payloadStart, reader.packetEnd)
          expect(found).toEqual(Buffer.from(payload))
          for (let end = at; end < reader.packetEnd; end++) {
            expect(new PacketReader(version).next(bytes, at, end)).toBe(PACKET_EVENT.NEED_MORE)
          }
          at = reader.packetEnd
        }
        expect(at).toBe(bytes.length)
      }),
      { numRuns: 60 },
    )
  })

  it('never reads beyond a packet, whatever is in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(4, 5), (body, version) => {
        const bytes = Uint8Array.from([0x32, body.length, ...body, 0xff, 0xff, 0xff])
        const reader = new PacketReader(version as 4 | 5)
        expect(reader.next(bytes, 0, bytes.length)).toBe(PACKET_EVENT.PACKET)
        const isGood = reader.readPublish(bytes)
        expect(isGood ? reader.payloadStart <= reader.packetEnd : reader.fault).toBe(
          isGood ? true : 'bad-publish',
        )
      }),
    )
  })

  it('refuses a length of five bytes, and a packet that no buffer would hold', () => {
    const reader = new PacketReader(4)
    expect(reader.next(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80, 1), 0, 6)).toBe(2)
    expect(reader.fault).toBe('bad-remaining-length')
    const length = PACKET_BYTES_MAX
    const header = [0x30, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14]
    expect(reader.next(Uint8Array.from(header), 0, 4)).toBe(PACKET_EVENT.FAULT)
    expect(reader.fault).toBe('packet-too-big')
  })
})
