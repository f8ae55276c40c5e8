import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isWholeSection,
  readSection,
  sectionBytesOf,
  writeSection,
} from '../../../src/server/store/record-section.ts'
import type { StoreRecord } from '../../../src/server/store/write-batch.ts'

const RECORDS = fc.array(
  fc.record({
    key: fc.string({ unit: 'grapheme', maxLength: 30 }),
    value: fc.option(fc.uint8Array({ maxLength: 100 })),
  }),
  { maxLength: 10 },
)

function bytesOf(records: readonly StoreRecord[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + sectionBytesOf(record), 0))
  writeSection(records, bytes, 0)
  return bytes
}

function recordsOf(bytes: Uint8Array): StoreRecord[] {
  const records: StoreRecord[] = []
  readSection(bytes, (name, value) => {
    records.push({ key: Buffer.from(name).toString(), value: value && Uint8Array.from(value) })
  })
  return records
}

describe('named values in a journal record', () => {
  it('are read as they were written', () => {
    const property = fc.property(RECORDS, (records) => {
      const bytes = bytesOf(records)
      expect(isWholeSection(bytes)).toBe(true)
      expect(recordsOf(bytes)).toEqual(records)
    })
    fc.assert(property)
  })

  it('tell an empty value from a name that is removed', () => {
    const records = [
      { key: 'a', value: new Uint8Array(0) },
      { key: 'b', value: null },
    ]
    expect(recordsOf(bytesOf(records))).toEqual(records)
  })

  it('are not whole where a byte is missing or one too many', () => {
    const bytes = bytesOf([
      { key: 'k/order-17', value: Buffer.from('{"accepted":1}') },
      { key: 'p/1', value: null },
    ])
    for (let length = 1; length < bytes.length; length++) {
      const isEndOfFirst = length === 8 + 10 + 14
      expect([length, isWholeSection(bytes.subarray(0, length))]).toEqual([length, isEndOfFirst])
    }
    expect(isWholeSection(Buffer.concat([bytes, Buffer.of(0)]))).toBe(false)
  })

  it('are read without an exception wherever they are called whole', () => {
    const lengths = fc.oneof(fc.nat(20), fc.constantFrom(0xffffffff, 0xfffffffe, 0x80000000))
    const property = fc.property(fc.array(lengths, { maxLength: 12 }), (words) => {
      const bytes = new Uint8Array(Uint32Array.from(words).buffer)
      if (isWholeSection(bytes)) recordsOf(bytes)
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})
