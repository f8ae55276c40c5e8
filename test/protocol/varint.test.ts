import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  readVarint,
  VARINT_BYTES_MAX,
  VARINT_INVALID,
  VARINT_TRUNCATED,
  varintBytes,
  writeVarint,
} from '../../src/protocol/varint.ts'

const numbers = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(20_000),
  fc.tuple(fc.nat(52), fc.integer({ min: -1, max: 1 })).map(([power, by]) => 2 ** power + by),
)

/** The definition, in big integers: seven bits at a time, low first. */
function leb128(value: number): number[] {
  const bytes: number[] = []
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)]
    bytes.push(Number(rest & 127n) | 128)
  }
}

describe('varint', () => {
  it('writes LEB128 of the size that varintBytes() gives, and reads it back', () => {
    fc.assert(
      fc.property(numbers, (value) => {
        const out = new Uint8Array(VARINT_BYTES_MAX + 4).fill(0xff)
        const end = writeVarint(out, 2, value)
        expect([...out.subarray(2, end)]).toEqual(leb128(value))
        expect(end - 2).toBe(varintBytes(value))
        expect(out[end]).toBe(0xff)
        expect(readVarint(out, 2, end)).toBe(value)
        expect(readVarint(out, 2, end - 1)).toBe(VARINT_TRUNCATED)
      }),
      { numRuns: 2_000 },
    )
  })

  it('accepts no second form of a number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const value = readVarint(bytes, 0, bytes.length)
        if (value === VARINT_TRUNCATED) {
          expect(bytes.length).toBeLessThan(VARINT_BYTES_MAX)
          expect(bytes.every((byte) => byte >= 0x80)).toBe(true)
        } else if (value !== VARINT_INVALID) {
          expect([...bytes.subarray(0, varintBytes(value))]).toEqual(leb128(value))
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses to write what it could not read', () => {
    const out = new Uint8Array(16)
    for (const value of [2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(() => writeVarint(out, 0, value)).toThrow(RangeError)
    }
  })
})
