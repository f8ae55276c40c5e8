/**
 * Prometheus text exposition, version 0.0.4, and what of OpenMetrics looks the same. It comes from
 * a program, not from the kernel, so everything is bounded: lines, labels, series. A line that does
 * not parse is left out; a text in which none does is null.
 */
export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** By name, with _sum, _count and _bucket as names of their own. */
export type MetricTable = ReadonlyMap<string, readonly MetricSeries[]>

/** A page of cAdvisor on a full host has about as many. */
const SERIES_MAX = 200_000
const LINE_COLUMNS_MAX = 8_192
const LABELS_MAX = 64

export function parsePrometheusText(text: string): MetricTable | null {
  const table = new Map<string, MetricSeries[]>()
  let count = 0
  let start = 0
  while (start < text.length && count < SERIES_MAX) {
    const end = text.indexOf('\n', start)
    const stop = end < 0 ? text.length : end
    const series =
      stop - start <= LINE_COLUMNS_MAX ? parseLine(text.slice(start, stop).trim()) : null
    start = stop + 1
    if (series === null) continue
    const { name, labels, value } = series
    const rows = table.get(name)
    if (rows === undefined) table.set(name, [{ labels, value }])
    else rows.push({ labels, value })
    count += 1
  }
  return count > 0 ? table : null
}

const SERIES = /^([a-zA-Z_:][\w:]*)(\{.*\})?\s+(\S+)(?:\s+\S+)?$/
const LABEL = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y

function parseLine(line: string): (MetricSeries & { readonly name: string }) | null {
  if (line === '' || line.startsWith('#')) return null
  // An exemplar of OpenMetrics stands behind " # ".
  const match = SERIES.exec(line.replace(/ # \{.*$/, ''))
  if (match === null) return null
  const value = parseValue(match[3] ?? '')
  const labels = match[2] === undefined ? {} : parseLabels(match[2].slice(1, -1))
  return value === null || labels === null ? null : { name: match[1] ?? '', labels, value }
}

function parseLabels(text: string): Record<string, string> | null {
  const labels: Record<string, string> = Object.create(null)
  LABEL.lastIndex = 0
  for (let count = 0; LABEL.lastIndex < text.length; count += 1) {
    const match = LABEL.exec(text)
    if (match === null || count >= LABELS_MAX) return null
    labels[match[1] ?? ''] = unescaped(match[2] ?? '')
  }
  return labels
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
}

function parseValue(text: string): number | null {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null
}
