import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUtf8Range } from '../../src/protocol/utf8.ts'

describe('isUtf8Range', () => {
  it('agrees with node:buffer on every lead byte with every second byte', () => {
    for (let lead = 0; lead < 256; lead++) {
      for (let second = 0; second < 256; second++) {
        for (const bytes of [
          Uint8Array.of(lead, second),
          Uint8Array.of(lead, second, 0x80),
          Uint8Array.of(lead, second, 0xbf, 0x80),
        ]) {
          if (isUtf8Range(bytes, 0, bytes.length) !== isUtf8(bytes)) {
            expect.fail(`differs on ${Buffer.from(bytes).toString('hex')}`)
          }
        }
      }
    }
  })

  it('agrees with node:buffer on text with a byte changed, inside an arena', () => {
    const changed = fc
      .tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.nat(), fc.nat(255), fc.boolean())
      .map(([text, at, byte, isChanged]) => {
        const bytes = Buffer.from(text)
        if (isChanged) bytes[at % bytes.length] = byte
        return bytes
      })
    fc.assert(
      fc.property(changed, (bytes) => {
        const arena = Buffer.concat([Buffer.from([0xe2, 0x82]), bytes, Buffer.from([0x80, 0x80])])
        expect(isUtf8Range(arena, 2, 2 + bytes.length)).toBe(isUtf8(bytes))
      }),
      { numRuns: 300 },
    )
  })
})
