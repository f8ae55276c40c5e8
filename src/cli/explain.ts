/**
 * --explain: each setting with its value and its source, as a table or as one JSON document.
 * Secrets stay hidden.
 */
import type { OptionTable } from '../config/option-table.ts'
import { formatOptionValue } from '../config/option-value.ts'
import { DEFAULT_SOURCE, type SourceMap } from '../config/sources.ts'

export interface Explained {
  readonly text: string
  readonly document: object
}

const QUESTIONS: ReadonlySet<string> = new Set(['explain', 'help', 'version'])

export function explainSettings(
  verb: string,
  table: OptionTable,
  options: Readonly<Record<string, unknown>>,
  sources: SourceMap,
): Explained {
  // The questions themselves are no settings.
  const asked = Object.entries(table).filter(([key]) => !QUESTIONS.has(key))
  const rows = asked.map(([key, row]) => {
    const isSet = options[key] !== undefined && String(options[key]) !== ''
    const value = row.secret && isSet ? '(hidden)' : formatOptionValue(row, options[key])
    return { flag: row.flag, value, source: sources[key] ?? DEFAULT_SOURCE }
  })
  const settings = Object.fromEntries(
    rows.map(({ flag, value, source }) => [
      flag,
      { value, source: source.kind, from: source.text },
    ]),
  )
  const cells = rows.map(({ flag, value, source }) => [`--${flag}`, value || '-', source.text])
  return {
    text: columns([['option', 'value', 'source'], ...cells]),
    document: { schema: 'pushctl.explain/1', verb, settings },
  }
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((index) => Math.max(...rows.map((row) => row[index]!.length)))
  return rows
    .map(
      ([flag, value, source]) =>
        `${flag!.padEnd(widths[0]!)}  ${value!.padEnd(widths[1]!)}  ${source}`,
    )
    .join('\n')
}
