import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countEdits, nearestName } from '../../src/config/nearest.ts'

it('suggests the name that was meant', () => {
  expect(nearestName('bnech', ['serve', 'bench', 'push'])).toBe('bench')
  expect(nearestName('--conections', ['--config', '--connections'])).toBe('--connections')
  expect(nearestName('ECHO', ['echo', 'unicast'])).toBe('echo')
})

it('suggests nothing where every name is far off', () => {
  expect(nearestName('xyz', ['serve', 'bench'])).toBeNull()
  expect(nearestName('x'.repeat(100_000), ['serve'])).toBeNull()
  expect(nearestName('serve', [])).toBeNull()
})

it('counts edits symmetrically, zero only for equal words, at most the longer length', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
  fc.assert(
    fc.property(word, word, (from, to) => {
      const edits = countEdits(from, to)
      expect(edits).toBe(countEdits(to, from))
      expect(edits === 0).toBe(from === to)
      expect(edits).toBeLessThanOrEqual(Math.max(from.length, to.length))
      expect(edits).toBeGreaterThanOrEqual(Math.abs(from.length - to.length))
    }),
  )
})

it('one insertion, deletion, replacement or swap is one edit', () => {
  expect(['benh', 'benchh', 'bemch', 'bnech'].map((word) => countEdits(word, 'bench'))).toEqual([
    1, 1, 1, 1,
  ])
})
