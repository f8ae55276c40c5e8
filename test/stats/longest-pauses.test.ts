import { expect, test } from 'vitest'
import { LongestPauses } from '../../src/stats/longest-pauses.ts'

const lengthsOf = (pauses: LongestPauses): number[] =>
  [...pauses.pairs()].filter((_, index) => index % 2 === 1).toSorted((a, b) => a - b)

test('it keeps 64 pauses, the longest, with their starts', () => {
  const pauses = new LongestPauses()
  for (let turn = 0; turn < 1_000; turn++) pauses.add(turn * 10, 1_000 + ((turn * 37) % 1_000))
  const expected = Array.from({ length: 64 }, (_, index) => 1_936 + index)
  expect(lengthsOf(pauses)).toEqual(expected)
  const pairs = pauses.pairs()
  for (let at = 0; at < pairs.length; at += 2) {
    expect(pairs[at + 1]).toBe(1_000 + (((pairs[at] / 10) * 37) % 1_000))
  }
})

test('pauses under a millisecond are left out', () => {
  const pauses = new LongestPauses()
  pauses.add(0, 999)
  expect(pauses.pairs()).toHaveLength(0)
})

test('what is older than a day gives way to any pause', () => {
  const pauses = new LongestPauses()
  for (let turn = 0; turn < 64; turn++) pauses.add(turn, 500_000)
  const nextDayUs = 25 * 3_600 * 1e6
  pauses.add(nextDayUs, 1_500)
  expect(lengthsOf(pauses)[0]).toBe(1_500)
  expect(pauses.pairs()).toHaveLength(128)
})
