/**
 * Resolved settings as words that another pushctl of the same version reads back to the same
 * values, through the checks that it has for words that a user types. Numbers are written in full:
 * what is meant for people rounds.
 */
import type { OptionRow, OptionTable } from '../../../config/option-table.ts'
import { checkOptionValue, formatOptionValue } from '../../../config/option-value.ts'
import { resolveOptions } from '../../../config/resolve.ts'
import { PushctlError } from '../../../errors/pushctl-error.ts'

export type OptionWords = Record<string, string | string[]>

/** What is as it would be unset is left out: the defaults of the same version are the same. */
export function wordsFromOptions(
  table: OptionTable,
  options: Readonly<Record<string, unknown>>,
): OptionWords {
  const words: OptionWords = {}
  const defaults = defaultsOf(table)
  for (const [key, row] of Object.entries(table)) {
    const value = options[key]
    if (value === undefined || isSame(value, defaults[key])) continue
    words[key] = Array.isArray(value) ? value.map((item) => wordOf(row, item)) : wordOf(row, value)
  }
  return words
}

/** @throws PushctlError PUSHCTL_CONFIG that names the first setting that is wrong */
export function optionsFromWords(table: OptionTable, words: OptionWords): Record<string, unknown> {
  const unknown = Object.keys(words).find((key) => !Object.hasOwn(table, key))
  if (unknown !== undefined) throw fault(`"${unknown.slice(0, 60)}" is no setting of bench`)
  const options = defaultsOf(table)
  for (const [key, row] of Object.entries(table)) {
    const value = Object.hasOwn(words, key) ? words[key] : undefined
    if (value === undefined) continue
    if (Array.isArray(value) !== (row.repeatable === true)) {
      throw fault(`--${row.flag} must be ${row.repeatable ? 'a list' : 'one value'}`)
    } else {
      options[key] = Array.isArray(value)
        ? value.map((word) => valueOf(row, word))
        : valueOf(row, value)
    }
  }
  return options
}

function defaultsOf(table: OptionTable): Record<string, unknown> {
  return { ...resolveOptions(table, [], { verb: 'bench', rest: [] }).options }
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function valueOf(row: OptionRow, word: string): unknown {
  const checked = checkOptionValue(row, word)
  if (checked.ok) return checked.value
  throw fault(`--${row.flag} ${checked.rule}, got "${word.slice(0, 60)}"`)
}

function wordOf(row: OptionRow, value: unknown): string {
  if (typeof value !== 'number') return formatOptionValue(row, value)
  if (row.kind === 'duration') return `${decimalOf(value)}ms`
  if (row.kind === 'share') return `${decimalOf(value * 100)}%`
  return row.kind === 'number' ? String(value) : decimalOf(value)
}

/** Without an exponent, which only plain numbers may have. */
function decimalOf(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text
}

function fault(message: string): PushctlError {
  return new PushctlError('PUSHCTL_CONFIG', message)
}
