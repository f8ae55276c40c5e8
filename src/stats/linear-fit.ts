/**
 * Least squares over a few columns, each coefficient with the half width of its 95 % interval.
 * Samples of one process follow each other closely (a heap is a saw), so residuals that resemble
 * their neighbours widen the interval: without that, a thousand samples of one sawtooth would look
 * like a thousand opinions.
 */
import type { EstimateReport } from './target-report.ts'

export interface FitRow {
  readonly x: readonly number[]
  readonly y: number
}

/** Below this part of itself left after its neighbours, a column says nothing of its own. */
const PIVOT_MIN = 1e-7
const AUTOCORRELATION_MAX = 0.95

/** One estimate a column; null: too few rows, or columns that cannot be told apart. */
export function fitColumns(rows: readonly FitRow[]): EstimateReport[] | null {
  const columns = rows[0]?.x.length ?? 0
  const freedom = rows.length - columns
  if (columns === 0 || freedom < 1) return null
  const scales = columnScales(rows, columns)
  if (scales.some((scale) => scale === 0)) return null
  const scaled = rows.map(({ x, y }) => ({ x: x.map((value, at) => value / scales[at]), y }))
  const inverse = inverted(momentsOf(scaled, columns))
  if (inverse === null) return null
  const sums = Array.from({ length: columns }, (_, at) =>
    scaled.reduce((sum, { x, y }) => sum + x[at] * y, 0),
  )
  const found = inverse.map((row) => row.reduce((sum, value, at) => sum + value * sums[at], 0))
  const residuals = scaled.map(({ x, y }) =>
    x.reduce((left, value, at) => left - value * found[at], y),
  )
  const variance = residuals.reduce((sum, each) => sum + each * each, 0) / freedom
  const width = studentFactor(freedom) * widening(residuals)
  return found.map((value, at) => ({
    value: value / scales[at],
    error: (width * Math.sqrt(Math.max(0, variance * inverse[at][at]))) / scales[at],
  }))
}

/** The slope of y over x, whatever y is where x is 0. */
export function fitSlope(points: readonly (readonly [x: number, y: number])[]) {
  if (points.length < 3) return null
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const rows = points.map(([x, y]) => ({ x: [1, x - meanX], y }))
  return fitColumns(rows)?.[1] ?? null
}

function columnScales(rows: readonly FitRow[], columns: number): number[] {
  return Array.from({ length: columns }, (_, at) =>
    Math.sqrt(rows.reduce((sum, { x }) => sum + x[at] * x[at], 0)),
  )
}

function momentsOf(rows: readonly FitRow[], columns: number): number[][] {
  return Array.from({ length: columns }, (_, a) =>
    Array.from({ length: columns }, (_unused, b) =>
      rows.reduce((sum, { x }) => sum + x[a] * x[b], 0),
    ),
  )
}

/** Gauss-Jordan; the diagonal is 1, so a pivot says how much of a column is its own. */
function inverted(matrix: readonly (readonly number[])[]): number[][] | null {
  const size = matrix.length
  const rows = matrix.map((row, at) => [...row, ...row.map((_, other) => (other === at ? 1 : 0))])
  for (let pivot = 0; pivot < size; pivot++) {
    const top = rows[pivot][pivot]
    if (!(top > PIVOT_MIN)) return null
    for (let column = 0; column < 2 * size; column++) rows[pivot][column] /= top
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue
      const factor = rows[row][pivot]
      for (let column = 0; column < 2 * size; column++) {
        rows[row][column] -= factor * rows[pivot][column]
      }
    }
  }
  return rows.map((row) => row.slice(size))
}

/** 97.5 % of Student's t, by the expansion of Cornish and Fisher. */
function studentFactor(freedom: number): number {
  return 1.96 + 2.372 / freedom + 2.823 / (freedom * freedom)
}

/** Of the interval, for residuals of which each resembles the one before. */
function widening(residuals: readonly number[]): number {
  let product = 0
  let square = 0
  for (let at = 0; at < residuals.length; at++) {
    square += residuals[at] * residuals[at]
    if (at > 0) product += residuals[at] * residuals[at - 1]
  }
  if (square === 0) return 1
  const likeness = Math.min(AUTOCORRELATION_MAX, Math.max(0, product / square))
  return Math.sqrt((1 + likeness) / (1 - likeness))
}
