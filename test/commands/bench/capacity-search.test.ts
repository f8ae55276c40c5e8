import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  CapacitySearch,
  type SearchBounds,
  type TrialOutcome,
} from '../../../src/commands/bench/capacity-search.ts'

const RATES: SearchBounds = { start: 100, min: 0.1, max: 1e9, isWhole: false }

function searchFor(
  bounds: SearchBounds,
  outcomeOf: (value: number, long: boolean) => TrialOutcome,
) {
  const search = new CapacitySearch(bounds)
  const tried: string[] = []
  while (search.trial !== null && tried.length < 100) {
    const { value, isConfirmation } = search.trial
    const outcome = outcomeOf(value, isConfirmation)
    tried.push(`${isConfirmation ? 'confirm ' : ''}${value} ${outcome}`)
    search.record(outcome)
  }
  return { answer: search.answer, tried }
}

it('doubles until a load fails, bisects by ratio, and confirms the best', () => {
  const { answer, tried } = searchFor(RATES, (value) => (value <= 500 ? 'passed' : 'failed'))
  expect(tried).toMatchInlineSnapshot(`
    [
      "100 passed",
      "200 passed",
      "400 passed",
      "800 failed",
      "565.7 failed",
      "475.7 passed",
      "518.8 failed",
      "496.8 passed",
      "507.7 failed",
      "confirm 496.8 passed",
    ]
  `)
  expect(answer).toMatchObject({ limit: 'target', isConfirmed: true })
})

it('finds any capacity within 5 %, in fewer than 40 trials', () => {
  const capacities = fc.double({ min: 0.2, max: 1e8, noNaN: true })
  fc.assert(
    fc.property(capacities, fc.double({ min: 1, max: 1e6, noNaN: true }), (capacity, start) => {
      const found = searchFor({ ...RATES, start }, (v) => (v <= capacity ? 'passed' : 'failed'))
      expect(found.answer.passed).toBeLessThanOrEqual(capacity)
      expect(found.answer.passed).toBeGreaterThanOrEqual(capacity * 0.95)
      expect(found.answer.isConfirmed).toBe(true)
      expect(found.tried.length).toBeLessThan(40)
    }),
  )
})

it('counts connections in whole numbers, down to the last one', () => {
  const bounds = { start: 3, min: 1, max: 1_000, isWhole: true }
  for (const capacity of [1, 2, 7, 20]) {
    const { answer } = searchFor(bounds, (value) => (value <= capacity ? 'passed' : 'failed'))
    expect(answer).toMatchObject({ passed: capacity, failed: capacity + 1 })
  }
})

it('says so where nothing fails up to the bound, and where nothing passes at all', () => {
  const bounds = { start: 10, min: 1, max: 100, isWhole: true }
  const all = searchFor(bounds, () => 'passed').answer
  expect(all).toEqual({ passed: 100, failed: null, limit: 'bound', isConfirmed: true })
  const none = searchFor(bounds, () => 'failed').answer
  expect(none).toEqual({ passed: null, failed: 1, limit: 'target', isConfirmed: false })
})

it('repeats a trial in which the generator was the limit, and never blames the target for it', () => {
  let busy = 1
  const once = searchFor(RATES, (value) => {
    if (value === 400 && busy-- > 0) return 'generator'
    return value <= 500 ? 'passed' : 'failed'
  })
  expect(once.tried.slice(2, 5)).toEqual(['400 generator', '400 passed', '800 failed'])
  const always = searchFor(RATES, (value) => (value <= 500 ? 'passed' : 'generator'))
  expect(always.answer.limit).toBe('generator')
  expect(always.answer.passed).toBeGreaterThan(475)
})

it('steps back from a load that passes for a short time only', () => {
  const found = searchFor(RATES, (value, long) =>
    value <= (long ? 460 : 500) ? 'passed' : 'failed',
  )
  expect(found.answer.isConfirmed).toBe(true)
  expect(found.answer.passed).toBeLessThanOrEqual(460)
  // Two steps back: 5 %, then 10 %.
  expect(found.answer.passed).toBeGreaterThan(460 * 0.9)
})

it('steps back further each time, then up again, and gives up in the end', () => {
  const low = searchFor(RATES, (value, long) => (value <= (long ? 300 : 500) ? 'passed' : 'failed'))
  expect(low.answer).toMatchObject({ isConfirmed: true, limit: 'target' })
  expect(low.tried.slice(-8)).toEqual([
    'confirm 496.8 failed',
    'confirm 472 failed',
    'confirm 424.8 failed',
    'confirm 339.8 failed',
    'confirm 169.9 passed',
    'confirm 240.3 passed',
    'confirm 285.8 passed',
    'confirm 311.6 failed',
  ])
  const never = searchFor(RATES, (value, long) => (value <= 500 && !long ? 'passed' : 'failed'))
  expect(never.answer).toMatchObject({ passed: null, isConfirmed: false })
})

it('finds what holds for longer within 15 %, wherever below the short one it lies', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.36, max: 1, noNaN: true }), (share) => {
      const found = searchFor(RATES, (value, long) =>
        value <= (long ? 500 * share : 500) ? 'passed' : 'failed',
      )
      expect(found.answer.isConfirmed).toBe(true)
      expect(found.answer.passed).toBeLessThanOrEqual(500 * share)
      expect(found.answer.passed).toBeGreaterThan(500 * share * 0.85)
      expect(found.tried.filter((each) => each.startsWith('confirm')).length).toBeLessThan(9)
    }),
  )
})

it('given up, it has what passed until then, by a generator that is the limit', () => {
  const search = new CapacitySearch(RATES)
  search.record('passed')
  search.record('generator')
  search.giveUp()
  expect(search.trial).toBeNull()
  const answer = { passed: 100, failed: null, limit: 'generator', isConfirmed: false }
  expect(search.answer).toEqual(answer)
})
