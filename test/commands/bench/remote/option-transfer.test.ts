import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  optionsFromWords,
  wordsFromOptions,
} from '../../../../src/commands/bench/remote/option-transfer.ts'
import { BENCH_OPTIONS } from '../../../../src/commands/bench-options.ts'
import { resolveOptions } from '../../../../src/config/resolve.ts'
import type { OptionTable } from '../../../../src/config/option-table.ts'

const table: OptionTable = BENCH_OPTIONS
const defaults = resolveOptions(table, [], { verb: 'bench', rest: [] }).options

function sent(options: Record<string, unknown>): Record<string, unknown> {
  const line = JSON.stringify(wordsFromOptions(table, options))
  return optionsFromWords(table, JSON.parse(line))
}

describe('settings that travel to a worker', () => {
  it('arrive as they were', () => {
    expect(sent(defaults)).toEqual(defaults)
    const headers = ['Authorization: Bearer {device}', 'X: a,b']
    const answer = '2=3'
    expect(sent({ ...defaults, headers, answer })).toEqual({ ...defaults, headers, answer })
  })

  it('arrive to the last digit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4_000_000 }),
        fc.double({ min: 1e-6, max: 1e7, noNaN: true }),
        fc.integer({ min: 100, max: 1e9 }),
        (connections, messagesPerSecond, durationMs) => {
          const options = { ...defaults, connections, messagesPerSecond, durationMs }
          const arrived = sent(options)
          expect(arrived['connections']).toBe(connections)
          expect(arrived['durationMs']).toBe(durationMs)
          expect(Number(arrived['messagesPerSecond']) / messagesPerSecond).toBeCloseTo(1, 5)
        },
      ),
    )
  })

  it('are checked as if they were typed', () => {
    const wrong: [Record<string, string | string[]>, string][] = [
      [{ connections: '0' }, '--connections must be between'],
      [{ connections: ['5'] }, '--connections must be one value'],
      [{ headers: 'x' }, '--header must be a list'],
      [{ mode: 'flood' }, '--mode must be one of'],
      [{ __proto__: 'x', shell: 'rm' }, '"shell" is no setting'],
    ]
    for (const [words, message] of wrong) {
      expect(() => optionsFromWords(table, words)).toThrow(message)
    }
  })
})
