import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NdjsonLines } from '../../../src/server/http/ndjson-lines.ts'

/** The events of a text that is fed in pieces, as short strings. */
function eventsOf(bytes: Buffer, cuts: readonly number[], lineBytesMax: number): string[] {
  const events: string[] = []
  const lines = new NdjsonLines(lineBytesMax, {
    onLine: (line, number) => events.push(`${number}:${line.toString('latin1')}`),
    onLineTooLarge: (number) => events.push(`${number}!`),
  })
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    lines.feed(Buffer.from(bytes.subarray(from, to)))
    from = to
  }
  lines.finish()
  return events
}

describe('NdjsonLines', () => {
  it('cuts at newlines, counts empty lines, and needs none at the end', () => {
    expect(eventsOf(Buffer.from('a\n\nbc\nd'), [], 10)).toEqual(['1:a', '2:', '3:bc', '4:d'])
    expect(eventsOf(Buffer.from('a\n'), [], 10)).toEqual(['1:a'])
    expect(eventsOf(Buffer.alloc(0), [], 10)).toEqual([])
  })

  it('reports a line over the limit once and goes on behind it', () => {
    expect(eventsOf(Buffer.from('12345\n123456\n12'), [], 5)).toEqual(['1:12345', '2!', '3:12'])
    expect(eventsOf(Buffer.from('123456'), [3], 5)).toEqual(['1!'])
  })

  it('agrees with split() for every text, limit and way of cutting', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '\n', 'ccc', '\n\n', 'dddddddd'), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(
        text,
        fc.array(fc.nat(200), { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        (parts, places, lineBytesMax) => {
          const bytes = Buffer.from(parts.join(''))
          const expected = bytes.toString().split('\n')
          if (expected[expected.length - 1] === '') expected.pop()
          const cuts = places.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b)
          expect(eventsOf(bytes, cuts, lineBytesMax)).toEqual(
            expected.map((line, index) =>
              line.length > lineBytesMax ? `${index + 1}!` : `${index + 1}:${line}`,
            ),
          )
        },
      ),
    )
  })
})
