import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CALM_MS,
  LEVEL_MAX,
  LoadLevel,
  levelKept,
  levelReached,
  type LoadSteps,
} from '../../../src/server/guard/load-level.ts'

const STEPS: LoadSteps = [50, 100, 200]

/** Looks at a value once a second; returns the level after each. */
function levelsOf(values: readonly number[], level = new LoadLevel(), lookMs = 1_000): number[] {
  return values.map((value, look) => {
    level.observe(look * lookMs, levelReached(value, STEPS), levelKept(value, STEPS))
    return level.level
  })
}

const values = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 200 })

describe('the load level', () => {
  it('rises at once, over several steps too, and falls step by step', () => {
    expect(levelsOf([0, 49, 50, 250, ...Array<number>(16).fill(0)])).toEqual([
      0, 0, 1, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0,
    ])
  })

  it('is kept while the cause stays near the step that led there', () => {
    expect(levelsOf([100, ...Array<number>(60).fill(91)]).at(-1)).toBe(2)
    expect(levelsOf([100, ...Array<number>(60).fill(89)]).at(-1)).toBe(1)
  })

  it('says when it has changed', () => {
    const level = new LoadLevel()
    expect([level.observe(0, 2, 2), level.observe(1, 2, 2), level.observe(2, 3, 3)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('is never below what the causes call for, and never out of its bounds', () => {
    fc.assert(
      fc.property(values, (list) => {
        levelsOf(list).forEach((level, look) => {
          expect(level).toBeGreaterThanOrEqual(levelReached(list[look]!, STEPS))
          expect(level).toBeLessThanOrEqual(LEVEL_MAX)
        })
      }),
    )
  })

  it('falls by one step at most, and only after a whole calm in which nothing kept it', () => {
    fc.assert(
      fc.property(values, (list) => {
        const levels = levelsOf(list)
        levels.forEach((level, look) => {
          const before = look === 0 ? 0 : levels[look - 1]!
          if (level >= before) return
          expect(before - level).toBe(1)
          const calm = CALM_MS / 1_000
          expect(look).toBeGreaterThanOrEqual(calm)
          const during = list.slice(look - calm, look + 1)
          expect(Math.max(...during.map((value) => levelKept(value, STEPS)))).toBeLessThan(before)
          // No other step within the calm.
          expect(new Set(levels.slice(look - calm, look))).toEqual(new Set([before]))
        })
      }),
    )
  })

  it('is 0 again after three calms without a cause, whatever was before', () => {
    fc.assert(
      fc.property(values, (list) => {
        const rest = Array<number>((3 * CALM_MS) / 1_000 + 1).fill(0)
        expect(levelsOf([...list, ...rest]).at(-1)).toBe(0)
      }),
    )
  })

  it('does not dance with a value that dances within a tenth of a step', () => {
    const near = fc.array(fc.double({ min: 91, max: 109, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(near, (list) => {
        expect(new Set(levelsOf([100, ...list]))).toEqual(new Set([2]))
      }),
    )
  })
})
