import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BroadcastRows,
  joinBroadcasts,
  timeBroadcasts,
} from '../../../src/loadgen/delivery-count.ts'
import { rowsFrom } from '../../../src/loadgen/remote/broadcast-evidence.ts'

const base64 = (values: readonly number[]): string =>
  Buffer.from(Float64Array.from(values).buffer).toString('base64')

function rowsOf(firstSeq: number, rows: readonly (readonly number[])[]): BroadcastRows {
  const column = (index: number) => Float64Array.from(rows.map((row) => row[index]!))
  return {
    firstSeq,
    owed: column(0),
    count: column(1),
    firstUs: column(2),
    lastUs: column(3),
    delayUs: column(4),
  }
}

describe('broadcasts that several hosts received', () => {
  it('came to all when the last device of the slowest host had them', () => {
    // owed, count, first, last, delay
    const here = rowsOf(5, [
      [10, 10, 400, 900, 3],
      [10, 9, 300, 800, 3],
      [10, 10, 200, 250, 3],
    ])
    const there = rowsOf(6, [
      [20, 20, 700, 5_000, 3],
      [20, 20, 100, 1_200, 3],
    ])
    const found = timeBroadcasts(joinBroadcasts([here, there]))
    expect(found.expected).toBe(10 + 30 + 30)
    expect(found.first.response.count).toBe(3)
    expect(found.first.response.summary().min).toBe(100)
    // One device did not get the second: nobody can say when all had it.
    expect(found.all.response.count).toBe(2)
    expect(found.all.response.max).toBe(1_200)
    expect(found.all.service.max).toBe(1_197)
  })

  it('are the same in whatever order hosts are joined', () => {
    const part = fc
      .tuple(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(99), fc.nat(99), fc.constant(2)), {
          maxLength: 6,
        }),
      )
      .map(([first, rows]) => rowsOf(first, rows))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const joined = joinBroadcasts(parts)
        expect(joinBroadcasts(parts.toReversed())).toEqual(joined)
        const sum = (rows: readonly BroadcastRows[]) =>
          rows.flatMap(({ count }) => [...count]).reduce((total, count) => total + count, 0)
        expect(sum([joined])).toBe(sum(parts))
      }),
    )
  })

  it('are refused as text where columns do not fit, or hold no numbers', () => {
    const text = {
      firstSeq: 1,
      owed: base64([1, 2]),
      count: base64([1, 2]),
      firstUs: base64([5, 6]),
      lastUs: base64([7, 8]),
      delayUs: base64([0, 0]),
    }
    expect(rowsFrom(text)).toEqual(
      rowsOf(1, [
        [1, 1, 5, 7, 0],
        [2, 2, 6, 8, 0],
      ]),
    )
    expect(rowsFrom({ ...text, lastUs: base64([7]) })).toBeNull()
    expect(rowsFrom({ ...text, count: base64([1, Number.NaN]) })).toBeNull()
  })
})
