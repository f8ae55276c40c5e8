/** What a profile sets, and what it does: the file says why, the option table says what. */
import type { Layer } from '../../config/layers.ts'
import type { OptionTable } from '../../config/option-table.ts'
import { formatOptionValue } from '../../config/option-value.ts'
import { tableLines } from '../../report/table.ts'

export interface ExplainedSetting {
  readonly setting: string
  readonly value: string
  /** Of the verb without the profile; "": none. */
  readonly default: string
  /** file:line:column */
  readonly from: string
  /** One line: what it does, and its consequence. */
  readonly help: string
}

/** In the order of the file. */
export function explainSettings(
  table: OptionTable,
  options: Readonly<Record<string, unknown>>,
  layer: Layer,
): readonly ExplainedSetting[] {
  const rows = new Map(Object.entries(table).map(([key, row]) => [row.flag, { key, row }]))
  const explained: ExplainedSetting[] = []
  for (const [flag, { source }] of layer) {
    const found = rows.get(flag)
    if (found === undefined || flag === 'description') continue
    const { key, row } = found
    explained.push({
      setting: flag,
      value: formatOptionValue(row, options[key]),
      default: formatOptionValue(row, row.default),
      from: source.text,
      help: row.help,
    })
  }
  return explained
}

export function explainedText(explained: readonly ExplainedSetting[]): string {
  const rows = explained.map(({ setting, value, default: usual, from, help }) => [
    setting,
    value,
    usual === '' ? '-' : usual,
    // The file is known; its line is what is looked for.
    from.replace(/^.*?:(\d+):\d+$/, '$1'),
    help,
  ])
  return tableLines([['setting', 'value', 'default', 'line', 'what it does'], ...rows]).join('\n')
}
