/** Two compared runs as text: how they differ in what was asked, then number by number. */
import pc from 'picocolors'
import { formatBytes, formatDurationUs, formatRate, formatShare } from '../config/quantities.ts'
import type { Change, ComparedUnit, ReportComparison } from './report-comparison.ts'
import type { RunDifference } from './run-differences.ts'
import { type Alignment, clipText, plainText, tableLines } from './table.ts'

const VALUE_CELLS_MAX = 40
const UNITS: Readonly<Record<ComparedUnit, (value: number) => string>> = {
  us: formatDurationUs,
  rate: formatRate,
  bytes: formatBytes,
}
const CHANGES: Readonly<Record<Change, string>> = {
  worse: 'worse',
  better: 'better',
  noise: 'within noise',
  unknown: 'too few to tell',
}

export interface ComparisonTextOptions {
  readonly a: string
  readonly b: string
  readonly color: boolean
}

export function comparisonText(
  { differences, numbers }: ReportComparison,
  { a, b, color }: ComparisonTextOptions,
): string {
  const colors = pc.createColors(color)
  const paint = { worse: colors.red, better: colors.green, noise: colors.dim, unknown: colors.dim }
  const alignments: Alignment[] = ['left', 'right', 'right', 'right', 'left', 'right']
  const head = ['', 'A', 'B', 'B/A', '', "above A's"].map((title) => colors.dim(title))
  const rows = numbers.map(({ name, unit, a: left, b: right, ratio, change, above_a }) => [
    name,
    UNITS[unit](left),
    UNITS[unit](right),
    ratio === null ? '-' : `×${ratio}`,
    paint[change](CHANGES[change]),
    above_a === null ? '' : formatShare(above_a),
  ])
  return [
    `A  ${plainText(a)}`,
    `B  ${plainText(b)}`,
    '',
    ...differenceLines(differences),
    '',
    ...(rows.length === 0
      ? ['nothing was measured in both']
      : tableLines([head, ...rows], alignments)),
  ].join('\n')
}

/** What changes the meaning of the numbers comes first, with a mark. */
export function differenceLines(differences: readonly RunDifference[]): string[] {
  if (differences.length === 0) return ['Same plan, same environment']
  const rows = differences
    .toSorted((left, right) => Number(right.matters) - Number(left.matters))
    .map(({ name, a, b, matters }) => [
      matters ? '  !' : '   ',
      plainText(name),
      clipText(plainText(a), VALUE_CELLS_MAX),
      clipText(plainText(b), VALUE_CELLS_MAX),
    ])
  return ['They differ in', ...tableLines(rows)]
}
