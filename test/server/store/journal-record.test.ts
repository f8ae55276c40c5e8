import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JournalRecord, recordMemory } from '../../../src/server/store/journal-record.ts'
import { type StoreRecord, WriteBatch } from '../../../src/server/store/write-batch.ts'

const MEMORY_BYTES = 1 << 16
const U32 = fc.nat(0xffffffff)
const PUT = fc.record({
  ...{ row: U32, device: U32, high: U32, low: U32, expiresAtS: U32 },
  seq: fc.maxSafeNat(),
  payload: fc.uint8Array({ maxLength: 300 }),
})
const ADVANCE = fc.record({ device: U32, high: U32, low: U32, seq: fc.maxSafeNat() })
const NAMED = fc.record({
  key: fc.string({ unit: 'grapheme', maxLength: 40 }),
  value: fc.option(fc.uint8Array({ maxLength: 200 })),
})
const PUTS = fc.array(PUT, { maxLength: 20 })
const ADVANCES = fc.array(ADVANCE, { maxLength: 20 })
const ALL_NAMED = fc.array(NAMED, { maxLength: 5 })

type Put = typeof PUT extends fc.Arbitrary<infer Value> ? Value : never
type Advance = typeof ADVANCE extends fc.Arbitrary<infer Value> ? Value : never

/** Columns as the inbox fills them; its rows are arbitrary here. */
function batchOf(
  puts: readonly Put[],
  advances: readonly Advance[],
  named: readonly StoreRecord[] = [],
): WriteBatch {
  const batch = new WriteBatch()
  for (const record of named) batch.addRecord(record)
  for (const { row, device, high, low, seq, expiresAtS, payload } of puts) {
    const at = batch.putCount++
    batch.putRows[at] = row
    batch.putDevices[at] = device
    batch.putHighs[at] = high
    batch.putLows[at] = low
    batch.putSeqs[at] = seq
    batch.putExpiresAtS[at] = expiresAtS
    batch.payloads.set(payload, batch.payloadBytes)
    batch.payloadBytes += payload.length
    batch.payloadEnds[at] = batch.payloadBytes
  }
  for (const { device, high, low, seq } of advances) {
    const at = batch.advanceCount++
    batch.advanceDevices[at] = device
    batch.advanceHighs[at] = high
    batch.advanceLows[at] = low
    batch.advanceSeqs[at] = seq
  }
  return batch
}

function bytesOf(batch: WriteBatch, byteAt = 0): Uint8Array {
  const memory = recordMemory(new ArrayBuffer(MEMORY_BYTES))
  JournalRecord.write(batch, memory, byteAt)
  return memory.bytes.slice(byteAt, byteAt + JournalRecord.lengthOf(batch))
}

const ONE: Put = {
  ...{ row: 1, device: 2, high: 3, low: 4, expiresAtS: 5, seq: 6 },
  payload: Buffer.from('one'),
}

describe('a journal record', () => {
  it('gives back what was written, wherever it lies among what was there before', () => {
    const places = fc.nat(100).map((at) => 8 * at)
    const property = fc.property(PUTS, ADVANCES, places, fc.nat(255), (puts, advances, at, old) => {
      const memory = recordMemory(new ArrayBuffer(MEMORY_BYTES))
      memory.bytes.fill(old)
      JournalRecord.write(batchOf(puts, advances), memory, at)
      const record = new JournalRecord()
      record.lookAt(memory, at)
      const indexes = Array.from({ length: record.putCount }, (_, put) => put)
      expect(
        indexes.map((put) => ({
          row: record.putRow(put),
          device: record.putDevice(put),
          high: record.putHigh(put),
          low: record.putLow(put),
          expiresAtS: record.putExpiresAtS(put),
          seq: record.putSeq(put),
          payload: Uint8Array.from(record.payloadOf(put)),
        })),
      ).toEqual(puts)
      expect(indexes.map((put) => record.payloadBytes(put))).toEqual(
        puts.map(({ payload }) => payload.length),
      )
      expect(
        Array.from({ length: record.advanceCount }, (_, index) => ({
          device: record.advanceDevice(index),
          high: record.advanceHigh(index),
          low: record.advanceLow(index),
          seq: record.advanceSeq(index),
        })),
      ).toEqual(advances)
    })
    fc.assert(property)
  })

  it('gives back named values behind puts and advances, and which names are removed', () => {
    const property = fc.property(PUTS, ADVANCES, ALL_NAMED, (puts, advances, named) => {
      const memory = recordMemory(new ArrayBuffer(MEMORY_BYTES))
      memory.bytes.fill(0xaa)
      JournalRecord.write(batchOf(puts, advances, named), memory, 16)
      const record = new JournalRecord()
      record.lookAt(memory, 16)
      const found: StoreRecord[] = []
      record.eachNamed((name, value) => {
        found.push({ key: Buffer.from(name).toString(), value: value && Uint8Array.from(value) })
      })
      expect(found).toEqual(named)
    })
    fc.assert(property)
  })

  it('takes the rows of the process that loads it', () => {
    const memory = recordMemory(new ArrayBuffer(MEMORY_BYTES))
    const advance = { device: 7, high: 8, low: 9, seq: 10 }
    JournalRecord.write(batchOf([ONE, ONE], [advance, advance]), memory, 0)
    const record = new JournalRecord()
    record.lookAt(memory, 0)
    record.setPut(1, 41, 42)
    record.setAdvance(1, 43)
    expect([record.putRow(0), record.putDevice(0), record.advanceDevice(0)]).toEqual([1, 2, 7])
    expect([record.putRow(1), record.putDevice(1), record.advanceDevice(1)]).toEqual([41, 42, 43])
    expect(record.putSeq(1)).toBe(6)
  })

  it('is whole where its counts, its length and the ends of its payloads fit each other', () => {
    const property = fc.property(PUTS, ADVANCES, ALL_NAMED, (puts, advances, named) => {
      const bytes = bytesOf(batchOf(puts, advances, named), 8)
      expect(JournalRecord.isWhole(bytes)).toBe(true)
      expect(JournalRecord.isWhole(bytes.subarray(0, -1))).toBe(false)
      expect(JournalRecord.isWhole(Buffer.concat([bytes, Buffer.of(0)]))).toBe(false)
    })
    fc.assert(property)
    const endsAt = 32 + 2 * 8 + 3 * 2 * 4
    for (const [ends, isWhole] of [
      [[4, 6], true],
      [[7, 6], false],
      [[3, 5], false],
      [[3, 7], false],
      [[0xffffffff, 6], false],
    ] as const) {
      const bytes = bytesOf(batchOf([ONE, ONE], []))
      new Uint32Array(bytes.buffer, endsAt, 2).set(ends)
      expect([ends, JournalRecord.isWhole(bytes)]).toEqual([ends, isWhole])
    }
  })

  it('is never whole, and never an exception, where it is anything else', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(JournalRecord.isWhole(bytes)).toBe(false)
    })
    fc.assert(property)
    const other = bytesOf(batchOf([ONE], []))
    other[0] = 1
    expect(JournalRecord.isWhole(other)).toBe(false)
  })
})
