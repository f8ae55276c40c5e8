import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineGate } from '../../../src/server/log/line-gate.ts'
import { LOG_KINDS, LOG_WINDOW_MS } from '../../../src/server/log/log-kinds.ts'

const LINES = LOG_KINDS.refused.linesPerWindow

describe('the gate of log lines', () => {
  it('lets so many of a kind through in a window, and tells the rest with the next line', () => {
    const gate = new LineGate()
    const passed = Array.from({ length: 1_000 }, () => gate.pass('refused', 5))
    expect(passed.filter((suppressed) => suppressed === 0)).toHaveLength(LINES)
    expect(gate.pass('refused', 5 + LOG_WINDOW_MS - 1)).toBe(-1)
    expect(gate.pass('ready', 5)).toBe(0)
    expect(gate.pass('refused', 5 + LOG_WINDOW_MS)).toBe(1_000 - LINES + 1)
    expect(gate.untold()).toEqual([])
  })

  it('loses no line from the count, whenever they come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 300 }), (steps) => {
        const gate = new LineGate()
        let nowMs = 0
        let told = 0
        for (const step of steps) {
          nowMs += step
          const suppressed = gate.pass('refused', nowMs)
          if (suppressed >= 0) told += 1 + suppressed
        }
        const untold = gate.untold().reduce((sum, [, count]) => sum + count, 0)
        expect(told + untold).toBe(steps.length)
      }),
    )
  })
})
