/** A run on several hosts: a line for each, so that one that is slow or missing is seen. */
import { formatCount, formatDurationUs } from '../config/quantities.ts'
import type { GeneratorReport } from '../stats/generator-report.ts'
import type { RunReport } from '../stats/run-report.ts'
import type { ReportStyle } from './report-style.ts'
import { UNKNOWN } from './report-values.ts'
import { clipText, plainText, tableLines } from './table.ts'

const FAILURE_CELLS_MIN = 30

export const GENERATOR_FIGURES = ['connections', 'sent', 'received', 'lost', 'p99', 'clock ±']
const HEAD = ['host', ...GENERATOR_FIGURES, 'verdict']
const ALIGNED = ['left', ...GENERATOR_FIGURES.map(() => 'right' as const), 'left'] as const

export function generatorLines({ generators = [] }: RunReport, style: ReportStyle): string[] {
  if (generators.length === 0) return []
  const present = generators.filter(({ failure }) => failure === null)
  const absent = generators.filter(({ failure }) => failure !== null)
  return [
    ...(present.length === 0 ? [] : tableLines([HEAD, ...present.map(rowOf)], ALIGNED)),
    ...absent.map((row) => absentLine(row, style)),
  ]
}

function rowOf(generator: GeneratorReport): string[] {
  const { host, sends_broadcasts, verdict } = generator
  return [
    clipText(plainText(host), 32) + (sends_broadcasts ? ' *' : ''),
    ...generatorFigures(generator),
    verdict ?? UNKNOWN,
  ]
}

/** In the order of GENERATOR_FIGURES. */
export function generatorFigures(generator: GeneratorReport): string[] {
  const { connections, sent, received, lost, p99_us, clock_error_us } = generator
  return [
    formatCount(connections.established),
    formatCount(sent),
    formatCount(received),
    formatCount(lost),
    p99_us === null ? UNKNOWN : formatDurationUs(p99_us),
    clock_error_us === null ? UNKNOWN : formatDurationUs(clock_error_us),
  ]
}

function absentLine(generator: GeneratorReport, { width }: ReportStyle): string {
  const failure = clipText(
    plainText(generator.failure ?? ''),
    Math.max(FAILURE_CELLS_MIN, width - 40),
  )
  return `${plainText(generator.host)}: ${absenceOf(generator)}: ${failure}`
}

/** What the run had to do without. */
export function absenceOf({ connections: { requested } }: GeneratorReport): string {
  return requested === 0 ? 'took no part' : `lost, with ${formatCount(requested)} connections`
}
