import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nofileRemedy } from '../../src/doctor/nofile-remedy.ts'
import { processWith } from './facts-builder.ts'

describe('the remedy for a low descriptor limit', () => {
  it('raises both limits where the hard one is short as well', () => {
    const remedy = nofileRemedy(processWith(), { soft: 1_024, hard: 4_096 }, 20_000, 'test')
    expect(remedy.fixNow).toBe('prlimit --nofile=32768:32768 --pid 4321')
    expect(remedy.settings).toEqual([
      { kind: 'limit', name: 'nofile', value: 32_768, unit: null, reason: 'test' },
    ])
  })

  it('keeps a hard limit that is higher', () => {
    const remedy = nofileRemedy(processWith(), { soft: 1_024, hard: 524_288 }, 20_000, 'test')
    expect(remedy.fixNow).toBe('prlimit --nofile=524288: --pid 4321')
  })

  it('does not turn an unlimited hard limit into an unlimited soft one', () => {
    const hard = Number.POSITIVE_INFINITY
    const remedy = nofileRemedy(processWith(), { soft: 1_024, hard }, 20_000, 'test')
    expect(remedy.fixNow).toBe('prlimit --nofile=32768: --pid 4321')
  })

  it('always gives what is needed, and never a lower hard limit', () => {
    const number = fc.integer({ min: 0, max: 5_000_000 })
    fc.assert(
      fc.property(number, number, number, (soft, more, need) => {
        const hard = soft + more
        const remedy = nofileRemedy(processWith(), { soft, hard }, need, 'test')
        const [, newSoft, newHard] = /=(\d+):(\d*) /.exec(remedy.fixNow ?? '') ?? []
        expect(Number(newSoft)).toBeGreaterThanOrEqual(need)
        expect(newHard === '' ? hard : Number(newHard)).toBeGreaterThanOrEqual(hard)
      }),
    )
  })
})
