/**
 * What the target's own process took, as items for text and page alike. A slope that is smaller
 * than its error is said to be so: a number alone would be believed.
 */
import { formatBytes, formatCount, formatDurationUs } from '../config/quantities.ts'
import type { EstimateReport, TargetSourceReport } from '../stats/target-report.ts'
import { percentText } from './report-values.ts'

export interface TargetItem {
  readonly name: string
  readonly text: string
}

export function targetItems(source: TargetSourceReport): TargetItem[] {
  const { memory_bytes: memory, cpu_percent: cpu, memory_of, readings, failed } = source
  const items: (TargetItem | null)[] = [
    estimateItem('memory per connection', source.bytes_per_connection, formatBytes),
    estimateItem('CPU per message', source.cpu_us_per_message, formatDurationUs),
    estimateItem('CPU per connect', source.cpu_us_per_connect, formatDurationUs),
    estimateItem(
      'CPU per connection and second',
      source.cpu_us_per_connection_second,
      formatDurationUs,
    ),
    cpu === null
      ? null
      : {
          name: 'CPU of one core',
          text: [
            ...(cpu.idle === null ? [] : [`${percentText(cpu.idle)} at rest`]),
            `${percentText(cpu.mean)} mean`,
            `${percentText(cpu.highest)} highest`,
          ].join(', '),
        },
    memory === null
      ? null
      : {
          name: memory_of === 'heap' ? 'heap' : 'memory',
          text: `${formatBytes(memory.first)} to ${formatBytes(memory.last)}, highest ${formatBytes(
            memory.highest,
          )}`,
        },
    estimateItem('growth per hour', source.bytes_per_hour, formatBytes),
    failed === 0
      ? null
      : {
          name: 'readings',
          text: `${formatCount(failed)} of ${formatCount(failed + readings)} failed: ${
            source.failure ?? 'unknown'
          }`,
        },
  ]
  return items.filter((item) => item !== null)
}

/** `12.3 KB ± 0.2 KB`. */
export function estimateText(
  { value, error }: EstimateReport,
  format: (value: number) => string,
): string {
  const signed = (each: number): string => (each < 0 ? `-${format(-each)}` : format(each))
  const doubt = Math.abs(value) <= error ? ' (not told apart from none)' : ''
  return `${signed(value)} ± ${format(error)}${doubt}`
}

function estimateItem(
  name: string,
  estimate: EstimateReport | null,
  format: (value: number) => string,
): TargetItem | null {
  return estimate === null ? null : { name, text: estimateText(estimate, format) }
}
