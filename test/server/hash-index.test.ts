import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HashIndex } from '../../src/server/hash-index.ts'

/** Few low words, so that many keys meet on their way to a place. */
const lowOf = (key: number) => (key % 7) * 0x1fffffff

function indexOf(keyOfValue: ReadonlyMap<number, number>): HashIndex {
  return new HashIndex({
    isKey: (value, high, low) => keyOfValue.get(value) === high && lowOf(high) === low,
    lowOf: (value) => lowOf(keyOfValue.get(value)!),
  })
}

it('finds what a map has, while it grows and while values go', () => {
  const step = fc.record({
    what: fc.constantFrom('put', 'put', 'put', 'remove'),
    key: fc.integer({ min: 1, max: 60 }),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 150 }),
      fc.integer({ min: 0, max: 200 }),
      (steps, n) => {
        const keyOfValue = new Map<number, number>()
        const index = indexOf(keyOfValue)
        const model = new Map<number, number>()
        let value = 0
        const put = (key: number) => {
          keyOfValue.set(++value, key)
          expect(index.put(key, lowOf(key), value)).toBe(model.get(key) ?? 0)
          model.set(key, value)
        }
        // Just below its first size, so that the steps meet it while it moves.
        for (let key = 1_000; key < 1_400 + n; key++) put(key)
        for (const { what, key } of steps) {
          if (what === 'put') put(key)
          else {
            expect(index.remove(key, lowOf(key))).toBe(model.get(key) ?? 0)
            model.delete(key)
          }
        }
        expect(index.count).toBe(model.size)
        for (const [key, known] of model) expect(index.find(key, lowOf(key))).toBe(known)
        for (let key = 1; key <= 60; key++) {
          expect(index.find(key, lowOf(key))).toBe(model.get(key) ?? 0)
        }
      },
    ),
    { numRuns: 60 },
  )
})

it('forgets what went while two tables were in use', () => {
  const keyOfValue = new Map<number, number>()
  const index = indexOf(keyOfValue)
  for (let key = 1; key <= 5_000; key++) {
    keyOfValue.set(key, key)
    index.put(key, lowOf(key), key)
    if (key % 3 === 0) index.remove(key - 1, lowOf(key - 1))
  }
  for (let key = 1; key <= 5_000; key++) {
    const isGone = key % 3 === 2 && key < 5_000
    expect(index.find(key, lowOf(key))).toBe(isGone ? 0 : key)
  }
})
