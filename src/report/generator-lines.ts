/** A run on several hosts: a line for each, so that one that is slow or missing is seen. */
import { formatCount, formatDurationUs } from '../config/quantities.ts'
import type { GeneratorReport } from '../stats/generator-report.ts'
import type { RunReport } from '../stats/run-report.ts'
import type { ReportStyle } from './report-style.ts'
import { clipText, plainText, tableLines } from './table.ts'

const FAILURE_CELLS_MIN = 30
const HEAD = ['host', 'connections', 'sent', 'received', 'lost', 'p99', 'clock ±', 'verdict']

export function generatorLines({ generators = [] }: RunReport, style: ReportStyle): string[] {
  if (generators.length === 0) return []
  const present = generators.filter(({ failure }) => failure === null)
  const absent = generators.filter(({ failure }) => failure !== null)
  return [
    ...(present.length === 0 ? [] : tableLines([HEAD, ...present.map(rowOf)])),
    ...absent.map((row) => absentLine(row, style)),
  ]
}

function rowOf(generator: GeneratorReport): string[] {
  const { host, connections, sent, received, lost, p99_us, clock_error_us, verdict } = generator
  return [
    clipText(plainText(host), 32) + (generator.sends_broadcasts ? ' *' : ''),
    formatCount(connections.established),
    formatCount(sent),
    formatCount(received),
    formatCount(lost),
    p99_us === null ? 'unknown' : formatDurationUs(p99_us),
    clock_error_us === null ? 'unknown' : formatDurationUs(clock_error_us),
    verdict ?? 'unknown',
  ]
}

function absentLine({ host, failure, connections }: GeneratorReport, style: ReportStyle): string {
  const share = formatCount(connections.requested)
  const had = connections.requested === 0 ? 'took no part' : `lost, with ${share} connections`
  const room = Math.max(FAILURE_CELLS_MIN, style.width - 40)
  return `${plainText(host)}: ${had}: ${clipText(plainText(failure ?? ''), room)}`
}
