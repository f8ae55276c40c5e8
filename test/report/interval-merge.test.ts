import { expect, test } from 'vitest'
import { mergeIntervals, thinIntervals } from '../../src/report/interval-merge.ts'
import { longReport } from './long-report.ts'

test('a day becomes as few rows as wanted, and no count and no spike is lost', () => {
  const rows = longReport(7_200).intervals
  const thin = thinIntervals(rows, 1_000)
  expect(thin.length).toBeLessThanOrEqual(1_000)
  const total = (all: typeof rows, read: (row: (typeof rows)[number]) => number) =>
    all.reduce((sum, row) => sum + read(row), 0)
  expect(total(thin, ({ sent }) => sent)).toBe(total(rows, ({ sent }) => sent))
  expect(total(thin, ({ span_ms = 0 }) => span_ms)).toBe(7_200_000)
  expect(thin.filter(({ max }) => max === 400_000)).toHaveLength(2)
  expect(thin.at(-1)?.at_ms).toBe(7_200_000)
  const [row] = thin
  expect(row!.p50).toBeGreaterThan(rows[0]!.p50 * 0.8)
  expect(row!.p99).toBeLessThanOrEqual(row!.max)
})

test('few rows stay as they are', () => {
  const rows = longReport(5).intervals
  expect(thinIntervals(rows, 5)).toBe(rows)
})

test('rows without buckets are joined by their highest', () => {
  const rows = longReport(2).intervals.map((row) => ({ ...row, latency: 'none' }))
  const [joined] = thinIntervals(rows, 1)
  expect(joined).toMatchObject({ p50: rows[1]!.p50, max: rows[1]!.max })
  expect(joined).not.toHaveProperty('latency')
})

test('nothing merges to nothing', () => {
  expect(mergeIntervals([{ offsetMs: 0, rows: [] }])).toEqual([])
})
