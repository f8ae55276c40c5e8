/** Two readings of one page of metrics, five seconds apart. */
import { parsePrometheusText } from '../../../src/doctor/parsers/prometheus-text.ts'
import type { MetricPair } from '../../../src/doctor/runtimes/runtime-reading.ts'

export function pagePair(after: string, before: string | null = null): MetricPair {
  return {
    after: tableOf(after),
    before: before === null ? null : tableOf(before),
    windowMs: 5_000,
  }
}

function tableOf(text: string) {
  const table = parsePrometheusText(text)
  if (table === null) throw new Error('the sample holds no metric')
  return table
}
