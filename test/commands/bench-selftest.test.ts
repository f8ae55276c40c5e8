import { describe, expect, it } from 'vitest'
import { selftestText, trialsOf } from '../../src/commands/bench-selftest.ts'
import type { SelftestReport } from '../../src/loadgen/selftest/selftest-report.ts'

describe('the trials of a selftest', () => {
  it('end with a stall', () => {
    const shown = (isQuick: boolean, rate?: number) =>
      trialsOf(isQuick, 1, rate).map(({ name, connections }) => `${name}, ${connections}`)
    expect(shown(false)).toEqual(['100/s, 10', '250/s, 25', '250/s with a stall of 1 s, 25'])
    expect(shown(true)).toEqual(['250/s, 25', '250/s with a stall of 1 s, 25'])
    expect(shown(true, 4_000)).toEqual(['4000/s, 400', '4000/s with a stall of 1 s, 400'])
  })

  it('leave the stall as long again before and after it', () => {
    for (const { stallMs, durationMs } of [...trialsOf(true, 1), ...trialsOf(false, 1)]) {
      expect(durationMs).toBeGreaterThanOrEqual(2 * stallMs)
    }
  })
})

describe('the text of a selftest', () => {
  it('shows each percentile beside what it must be, and why it did not pass', () => {
    const row = {
      name: 'p99_9',
      expected: 40_000.4,
      served: 40_010,
      response: 41_000,
      service: 40_900,
      off: 999.6,
      allowed: 840,
      held: false,
    } as const
    const report = {
      result: 'DISTURBED',
      reasons: ['250/s: p99_9 is +999.6 µs off, 840 allowed'],
      interrupted: false,
      trials: [
        {
          name: '250/s',
          result: 'DISTURBED',
          rows: [row],
          bytes: [{ direction: 'sent', expected: 100, counted: 100 }],
          cpu_cores: { generator: 0.4, server: 0.9 },
        },
      ],
    } as unknown as SelftestReport
    expect(selftestText(report)).toMatchInlineSnapshot(`
      "250/s: DISTURBED
        µs     expected  served  response  service   off  allowed
        p99.9     40000   40010     41000    40900  1000      840  off
        bytes sent 100 of 100; cores: generator 0.4, server 0.9

      selftest DISTURBED
        250/s: p99_9 is +999.6 µs off, 840 allowed"
    `)
  })
})
