import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_HEADER_BYTES } from '../../../src/server/store/journal-frame.ts'
import { JournalPages } from '../../../src/server/store/journal-pages.ts'

const MIB = 1 << 20

interface Known {
  readonly number: number
  readonly length: number
}

function append(pages: JournalPages, { number, length }: Known): void {
  const index = pages.append(number, number / 2, length)
  expect(pages.byteAtOf(index) % 8).toBe(0)
  pages.frameOf(index).fill(0xff)
  pages.bytesOf(index).fill(number % 251)
}

function expectSame(pages: JournalPages, known: readonly Known[]): void {
  expect(pages.count).toBe(known.length)
  expect(pages.bytes).toBe(known.reduce((sum, { length }) => sum + length, 0))
  for (const [index, { number, length }] of known.entries()) {
    const bytes = pages.bytesOf(index)
    expect([pages.numberOf(index), pages.atMsOf(index), bytes.length]).toEqual([
      ...[number, number / 2, length],
    ])
    expect([bytes[0], bytes.at(-1)]).toEqual([number % 251, number % 251])
    const frame = pages.frameOf(index)
    expect([frame.length, frame[0]]).toEqual([FRAME_HEADER_BYTES + length, 0xff])
    expect(pages.find(number)).toBe(index)
  }
}

describe('the pages of the journal', () => {
  it('hold what an array of records holds, oldest first', () => {
    const length = fc.oneof(fc.integer({ min: 32, max: 9_000 }), fc.integer({ min: 32, max: MIB }))
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('append'), length, gap: fc.nat(2) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('first'), length, gap: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('last'), length, gap: fc.nat(2) }) },
    )
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pages = new JournalPages()
      const known: Known[] = []
      let number = 0
      for (const { kind, length: bytes, gap } of steps) {
        if (kind === 'append') {
          number += 1 + gap
          known.push({ number, length: bytes })
          append(pages, known.at(-1)!)
        } else if (known.length > 0) {
          if (kind === 'first') known.shift()
          else known.pop()
          if (kind === 'first') pages.dropFirst()
          else pages.dropLast()
        }
        expectSame(pages, known)
        expect(pages.find(number + 1)).toBe(-1)
      }
    })
    fc.assert(property, { numRuns: 40 })
  })

  it('keep two pages for what comes when all is gone, and nothing of a large record', () => {
    const pages = new JournalPages()
    const quarter = MIB / 4 - FRAME_HEADER_BYTES
    for (let number = 1; number <= 40; number++) append(pages, { number, length: quarter })
    append(pages, { number: 41, length: 20 * MIB - FRAME_HEADER_BYTES })
    expect(pages.capacityBytes).toBe(30 * MIB)
    for (let left = 41; left > 0; left--) pages.dropFirst()
    expect([pages.count, pages.bytes, pages.capacityBytes]).toEqual([0, 0, 2 * MIB])
    append(pages, { number: 42, length: 20 * MIB })
    pages.dropLast()
    expect(pages.capacityBytes).toBe(2 * MIB)
  })

  it('take no more memory however many records pass through', () => {
    const pages = new JournalPages()
    for (let number = 1; number <= 20_000; number++) {
      append(pages, { number, length: 4_000 })
      if (number > 300) pages.dropFirst()
    }
    expect(pages.count).toBe(300)
    expect(pages.capacityBytes).toBeLessThanOrEqual(5 * MIB)
    expect([pages.find(19_700), pages.find(19_701), pages.find(20_000)]).toEqual([-1, 0, 299])
  })
})
