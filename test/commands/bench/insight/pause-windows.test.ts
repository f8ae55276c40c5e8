import { describe, expect, it } from 'vitest'
import { PauseWindows } from '../../../../src/commands/bench/insight/pause-windows.ts'

describe('pauses of a runtime that only counts', () => {
  it('are exact where one fell into a window', () => {
    const windows = new PauseWindows()
    windows.add(5_000, 1_000, [collection('major', 1, 0.25)])
    const [row] = windows.report()!.kinds
    expect(row.longest).toEqual([{ at_ms: 5_000, us: 250_000, within_ms: 1_000 }])
    expect(row.pauses).toMatchObject({ count: 1 })
    expect(row.pauses.max).toBeCloseTo(250_000, -3)
    expect(row.counted).toBe(true)
  })

  it('are means where several did', () => {
    const windows = new PauseWindows()
    windows.add(0, 2_000, [collection('minor', 5, 0.02)])
    const [row] = windows.report()!.kinds
    expect(row.pauses.count).toBe(10)
    expect(row.longest).toEqual([{ at_ms: 0, us: 4_000, within_ms: 2_000 }])
  })

  it('have the longest that the runtime has just told, the others what is left', () => {
    const windows = new PauseWindows()
    windows.add(0, 1_000, [collection('stop the world', 0, 0, 0.01)])
    windows.add(1_000, 1_000, [collection('stop the world', 3, 0.24, 0.2)])
    const [row] = windows.report()!.kinds
    expect(row.longest?.[0].us).toBe(200_000)
    expect(row.pauses.count).toBe(3)
    expect(row.pauses.p50).toBeCloseTo(20_000, -3)
  })

  it('do not take what the runtime remembers from before for new', () => {
    const windows = new PauseWindows()
    windows.add(0, 1_000, [collection('stop the world', 2, 0.01, 0.8)])
    expect(windows.report()!.kinds[0].pauses.max).toBeLessThan(6_000)
  })

  it('of a page with a thousand kinds stay few', () => {
    const windows = new PauseWindows()
    const kinds = Array.from({ length: 1_000 }, (_, n) =>
      collection(`kind ${n}`.repeat(99), 1, 0.1),
    )
    windows.add(0, 1_000, kinds)
    const report = windows.report()!
    expect(report.kinds).toHaveLength(16)
    expect(Math.max(...report.kinds.map(({ kind }) => kind.length))).toBeLessThanOrEqual(60)
  })

  it('of counters that jumped or say nothing are none', () => {
    const windows = new PauseWindows()
    windows.add(0, 1_000, [collection('major', 1e9, 1), collection('odd', null, null)])
    expect(windows.report()!.kinds.map(({ pauses }) => pauses.count)).toEqual([0, 0])
  })

  it('of a page without any are unknown', () => {
    expect(new PauseWindows().report()).toBeNull()
  })
})

function collection(
  kind: string,
  pausesPerSecond: number | null,
  timeShare: number | null,
  longestSeconds: number | null = null,
) {
  return { kind, pausesPerSecond, timeShare, longestSeconds }
}
