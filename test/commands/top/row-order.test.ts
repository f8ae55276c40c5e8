import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextSortKey, SORT_KEYS, sortRows, totalRow } from '../../../src/commands/top/row-order.ts'
import { busyRow, deadRow } from './sample-node.ts'

describe('the order of rows', () => {
  it('is by name from a to z, else most first; who does not answer stands last', () => {
    const rows = [
      deadRow(),
      busyRow('b', { connections: 5, rssBytes: null }),
      busyRow('a', { connections: 9, rssBytes: 3 }),
    ]
    const names = (key: (typeof SORT_KEYS)[number]) => sortRows(rows, key).map(({ name }) => name)
    expect(names('name')).toEqual(['a', 'b', 'b:2'])
    expect(names('connections')).toEqual(['a', 'b', 'b:2'])
    expect(names('memory')).toEqual(['a', 'b', 'b:2'])
  })

  it('keeps every row once, whatever it is ordered by', () => {
    const row = fc.oneof(
      fc
        .record({ n: fc.option(fc.integer()) })
        .map(({ n }) => busyRow(`n${n}`, { connections: n })),
      fc.constant(deadRow()),
    )
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom(...SORT_KEYS), (rows, key) => {
        expect(new Set(sortRows(rows, key))).toEqual(new Set(rows))
      }),
    )
  })

  it('goes round by the key', () => {
    const seen = SORT_KEYS.map((_, i) => {
      let key: (typeof SORT_KEYS)[number] = 'name'
      for (let step = 0; step < i; step++) key = nextSortKey(key)
      return key
    })
    expect(seen).toEqual([...SORT_KEYS])
    expect(nextSortKey(SORT_KEYS.at(-1)!)).toBe('name')
  })
})

describe('the total', () => {
  it('sums what nodes have, names the worst of what cannot be summed, and leaves the dead out', () => {
    const total = totalRow([busyRow('a'), busyRow('b', { loopLagMs: 80, level: null }), deadRow()])
    expect(total).toMatchObject({
      state: '2/3 up',
      connections: 3_000,
      messagesPerSecond: 2_000,
      loopLagMs: 80,
      level: 1,
      closesPerSecond: { 'peer-end': 10 },
      carriers: { tcp: 2_000 },
    })
    expect(totalRow([deadRow()])).toMatchObject({ state: '0/1 up', connections: null })
  })
})
