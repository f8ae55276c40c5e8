/**
 * The two tables of distributions in the text report: what was measured (response and service time
 * per metric), and what may have caused it (collections and loop lag of both sides). On a narrow
 * terminal the percentiles that say least go first.
 */
import { formatCount, formatDurationUs } from '../config/quantities.ts'
import type {
  DistributionReport,
  GcSideReport,
  MetricReport,
  RunReport,
} from '../stats/run-report.ts'
import { INDENT, type ReportStyle } from './report-style.ts'
import { UNKNOWN } from './report-values.ts'
import { type Alignment, plainText, tableLines, visibleWidth } from './table.ts'

const COLUMNS = ['p50', 'p75', 'p90', 'p99', 'p99_9', 'p99_99', 'max'] as const
type Column = (typeof COLUMNS)[number]
/** Dropped in this order until the table fits. */
const EXPENDABLE: readonly Column[] = ['p75', 'p99_99', 'p90', 'p99_9']

export function latencyLines(report: RunReport, { width, colors }: ReportStyle): string[] {
  const metrics = Object.entries(report.metrics) as [string, MetricReport][]
  if (metrics.length === 0) return []
  const columns = new Set<Column>(COLUMNS)
  const alignments: Alignment[] = ['left', 'left', ...COLUMNS.map(() => 'right' as const), 'right']
  const draw = () => {
    const head = ['metric', 'time', ...[...columns].map(columnTitle), 'count']
    const rows = metrics.flatMap(([name, metric]) => [
      [plainText(name), 'response', ...cellsOf(metric.response, columns)],
      ['', 'service', ...cellsOf(metric.service, columns)],
    ])
    return tableLines([head.map((title) => colors.dim(title)), ...rows], alignments)
  }
  let lines = draw()
  for (const column of EXPENDABLE) {
    if (Math.max(...lines.map(visibleWidth)) <= width - INDENT.length) break
    columns.delete(column)
    lines = draw()
  }
  return lines
}

/** A row for each kind of collection, and one for loop lag, of each side. */
export function pauseLines({ gc }: RunReport): string[] {
  const rows = [...sideRows('generator', gc.generator), ...sideRows('target', gc.target)]
  return tableLines(rows, ['left', 'left', 'right', 'right', 'right', 'right'])
}

function sideRows(side: string, { known, kinds, ...lags }: GcSideReport): string[][] {
  if (!known) return [[side, 'GC', UNKNOWN], ...lagRows(lags)]
  const rows = kinds.map(({ kind, pauses }) => [
    '',
    `GC ${plainText(kind)}`,
    formatCount(pauses.count),
    ...pauseCells(pauses),
  ])
  const all = [...(rows.length > 0 ? rows : [['', 'GC', 'none']]), ...lagRows(lags)]
  all[0][0] = side
  return all
}

function lagRows({
  loop_lag: lag,
  loop_lag_steady: steady,
}: Pick<GcSideReport, 'loop_lag' | 'loop_lag_steady'>): string[][] {
  if (lag === null) return [['', 'loop lag', UNKNOWN]]
  const rows = [['', 'loop lag', formatCount(lag.count), ...pauseCells(lag)]]
  if (steady === undefined) return rows
  return [...rows, ['', '  when steady', formatCount(steady.count), ...pauseCells(steady)]]
}

function pauseCells(distribution: DistributionReport): string[] {
  if (distribution.count === 0) return []
  const { p99, p99_9, max } = distribution
  return [
    `p99 ${formatDurationUs(p99)}`,
    `p99.9 ${formatDurationUs(p99_9)}`,
    `max ${formatDurationUs(max)}`,
  ]
}

function cellsOf(distribution: DistributionReport, columns: ReadonlySet<Column>): string[] {
  if (distribution.count === 0) return [...[...columns].map(() => '-'), '0']
  const times = [...columns].map((column) => formatDurationUs(distribution[column]))
  return [...times, formatCount(distribution.count)]
}

function columnTitle(column: Column): string {
  return column.replace('_', '.')
}
