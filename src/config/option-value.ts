/**
 * One raw value (a word, or a YAML scalar) against its row: the typed value, or the rule that it
 * breaks in words. Nothing here knows where the value came from; resolve.ts names flag, variable or
 * file in front of the rule.
 */

import { nearestName } from './nearest.ts'
import type { Address, OptionRow } from './option-table.ts'
import { formatBytes, formatCount, formatDurationMs, formatRate } from './quantities.ts'
import {
  formatSizeDistribution,
  parseSizeDistribution,
  type SizeDistribution,
  sizeBoundsOf,
} from './size-distribution.ts'
import {
  parseAddress,
  parseBytes,
  parseCount,
  parseDurationMs,
  parseNumber,
  parseRange,
  parseRate,
  parseShare,
  type Range,
} from './units.ts'

export type RawValue = string | number | boolean | null

export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly rule: string; readonly nearest?: string }

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
])

const PARSERS = {
  count: parseCount,
  number: parseNumber,
  size: parseBytes,
  duration: parseDurationMs,
  rate: parseRate,
  share: parseShare,
} as const

const EXPECTED = {
  count: 'a whole number such as 500 or 10k',
  number: 'a number',
  size: 'a size such as 512 or 64KiB',
  duration: 'a time such as 250ms, 30s or 5m',
  rate: 'a rate such as 500/s',
  share: 'a share such as 5%',
} as const

type NumericKind = keyof typeof PARSERS

export function checkOptionValue(row: OptionRow, raw: RawValue): Checked {
  if (raw === null) return { ok: false, rule: 'must have a value' }
  const text = String(raw)
  switch (row.kind) {
    case 'count':
    case 'number':
    case 'size':
    case 'duration':
    case 'rate':
    case 'share':
      return checkNumeric(row, text)
    case 'sizes':
      return checkSizes(row, text)
    case 'duration-range':
      return checkRange(row, text)
    case 'boolean':
      return checkBoolean(text)
    case 'enum':
      return checkEnum(row.values, text)
    case 'address':
      return checkAddress(text)
    case 'url':
      return checkUrl(text)
    case 'string':
    case 'file':
    case 'directory':
      return checkText(text)
  }
}

/** The value as a person would type it: defaults in help, values in --explain. */
export function formatOptionValue(row: OptionRow, value: unknown): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) {
    return value.map((item) => formatOptionValue(row, item)).join(row.separator ?? ', ')
  }
  switch (row.kind) {
    case 'duration-range': {
      const range = value as Range
      return `${formatDurationMs(range.min)}..${formatDurationMs(range.max)}`
    }
    case 'sizes':
      return formatSizeDistribution(value as SizeDistribution)
    case 'address': {
      const { host, port } = value as Address
      return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    }
    default:
      return typeof value === 'number' ? formatBound(row.kind, value) : String(value)
  }
}

function checkNumeric(row: OptionRow & { kind: NumericKind }, text: string): Checked {
  const value = PARSERS[row.kind](text)
  if (value === null) return { ok: false, rule: `must be ${EXPECTED[row.kind]}` }
  return withinBounds(row, value, value) ?? { ok: true, value }
}

function checkSizes(row: OptionRow & { kind: 'sizes' }, text: string): Checked {
  const value = parseSizeDistribution(text)
  const rule =
    'must be a size such as 512, a range 256..1KiB, lognormal:MEAN:SIGMA, or a list 256*7,1KiB*2'
  if (value === null) return { ok: false, rule }
  return withinBounds(row, ...sizeBoundsOf(value)) ?? { ok: true, value }
}

function checkRange(row: OptionRow & { kind: 'duration-range' }, text: string): Checked {
  const range = parseRange(text, parseDurationMs)
  if (range === null) return { ok: false, rule: 'must be a range of times such as 30s..8m' }
  return withinBounds(row, range.min, range.max) ?? { ok: true, value: range }
}

function withinBounds(
  row: OptionRow & { min?: number; max?: number },
  lowest: number,
  highest: number,
): Checked | null {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = row
  return lowest >= min && highest <= max ? null : { ok: false, rule: `must be ${boundsText(row)}` }
}

/** `between 1 and 4,000,000`, `at least 1s`, `at most 64 KiB`. */
export function boundsText(row: OptionRow & { min?: number; max?: number }): string {
  const low = row.min === undefined ? null : formatBound(row.kind, row.min)
  const high = row.max === undefined ? null : formatBound(row.kind, row.max)
  if (low !== null && high !== null) return `between ${low} and ${high}`
  return low !== null ? `at least ${low}` : `at most ${high}`
}

function formatBound(kind: OptionRow['kind'], value: number): string {
  if (kind === 'size' || kind === 'sizes') return formatBytes(value)
  if (kind === 'share') return `${Number((value * 100).toFixed(6))}%`
  if (kind === 'duration' || kind === 'duration-range') return formatDurationMs(value)
  if (kind === 'rate') return formatRate(value)
  return Number.isInteger(value) && kind === 'count' ? formatCount(value) : String(value)
}

function checkBoolean(text: string): Checked {
  const value = BOOLEANS.get(text.trim().toLowerCase())
  return value === undefined ? { ok: false, rule: 'must be true or false' } : { ok: true, value }
}

function checkEnum(values: readonly string[], text: string): Checked {
  if (values.includes(text)) return { ok: true, value: text }
  const nearest = nearestName(text, values)
  const rule = `must be one of ${values.join(', ')}`
  return { ok: false, rule, ...(nearest === null ? {} : { nearest }) }
}

function checkAddress(text: string): Checked {
  const value = parseAddress(text)
  const rule = 'must be host:port, for example 127.0.0.1:7001'
  return value === null ? { ok: false, rule } : { ok: true, value }
}

function checkUrl(text: string): Checked {
  const rule = 'must be a URL, for example http://127.0.0.1:7080'
  try {
    const { host, href } = new URL(text)
    return host === '' ? { ok: false, rule } : { ok: true, value: href }
  } catch {
    return { ok: false, rule }
  }
}

function checkText(text: string): Checked {
  if (text === '') return { ok: false, rule: 'must not be empty' }
  return text.includes('\0')
    ? { ok: false, rule: 'must not hold a NUL' }
    : { ok: true, value: text }
}
