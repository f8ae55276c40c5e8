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

const NAME = /^[a-zA-Z_:][\w:]*/
const LABEL = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|(?=\}))/y

function parseLine(line: string): (MetricSeries & { readonly name: string }) | null {
  const name = NAME.exec(line)?.[0]
  if (name === undefined) return null
  const labels: Record<string, string> = Object.create(null)
  let rest = line.slice(name.length)
  if (rest.startsWith('{')) {
    const length = readLabels(rest, labels)
    if (length === null) return null
    rest = rest.slice(length)
  }
  // What may follow the value is a time, and in OpenMetrics an exemplar behind "#".
  const [, text] = /^\s*(\S+)(?:\s+[^\s#]+)?(?:\s+#.*)?$/.exec(rest) ?? []
  const value = parseValue(text ?? '')
  return value === null ? null : { name, labels, value }
}

/** Fills `labels`; the length of "{…}", or null where it is not well formed. */
function readLabels(text: string, labels: Record<string, string>): number | null {
  LABEL.lastIndex = 1
  for (let count = 0; count <= LABELS_MAX; count += 1) {
    const start = LABEL.lastIndex
    const blanks = /\s*/y
    blanks.lastIndex = start
    blanks.exec(text)
    if (text[blanks.lastIndex] === '}') return blanks.lastIndex + 1
    const match = LABEL.exec(text)
    if (match === null) return null
    labels[match[1] ?? ''] = unescaped(match[2] ?? '')
  }
  return null
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
}

function parseValue(text: string): number | null {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null
}
