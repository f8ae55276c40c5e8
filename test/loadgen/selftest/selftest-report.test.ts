import { describe, expect, it } from 'vitest'
import {
  reasonsOf,
  type TrialReport,
  worstResult,
} from '../../../src/loadgen/selftest/selftest-report.ts'

describe('the result of a selftest', () => {
  it('is that of its worst trial', () => {
    expect(worstResult(['PASS', 'PASS'])).toBe('PASS')
    expect(worstResult(['PASS', 'DISTURBED'])).toBe('DISTURBED')
    expect(worstResult(['FAIL', 'DISTURBED', 'PASS'])).toBe('FAIL')
  })

  it('proves nothing where nothing was tried', () => {
    expect(worstResult([])).toBe('DISTURBED')
  })

  it('has reasons only from trials that did not pass', () => {
    const trials = [
      { name: 'one', result: 'PASS', faults: [], disturbances: ['something ran'] },
      { name: 'two', result: 'FAIL', faults: ['p50 is off'], disturbances: ['it lagged'] },
    ] as unknown as TrialReport[]
    expect(reasonsOf(trials)).toEqual(['two: p50 is off', 'two: it lagged'])
  })
})
