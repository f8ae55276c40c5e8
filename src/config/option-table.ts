/**
 * The shape of an option table: one row per setting, and nothing about a setting stands anywhere
 * else. Flag, environment name, config key, help, bounds and default all come from the row, and so
 * does the TypeScript type of the resolved value: a command that reads a setting without a row does
 * not compile. The price is some type arithmetic here.
 *
 *   key            │ flag            │ env (derived)           │ value
 *   connectionsMax │ max-connections │ PUSHCTL_MAX_CONNECTIONS │ number
 *   heartbeatMs    │ heartbeat       │ PUSHCTL_HEARTBEAT       │ { min, max } in ms
 */
import type { SizeDistribution } from './size-distribution.ts'
import type { Address, Range } from './units.ts'

export type { Address } from './units.ts'

/** Value of one row by kind, before `repeatable`. */
export interface KindValues {
  /** Whole number, ×1000 suffixes. */
  readonly count: number
  /** Any number, no suffix. */
  readonly number: number
  /** Bytes, ×1024 suffixes. */
  readonly size: number
  /** Milliseconds. */
  readonly duration: number
  /** `30s..8m`, in milliseconds. */
  readonly 'duration-range': Range
  /** Per second. */
  readonly rate: number
  /** `5%`: 0 to 1. */
  readonly share: number
  /** One size of bytes or several: `512`, `256..1KiB`, `lognormal:640:0.8`, `256*7,1KiB*2`. */
  readonly sizes: SizeDistribution
  readonly string: string
  readonly enum: string
  readonly boolean: boolean
  /** `host:port`, `[::1]:80`, `:80` (all addresses). */
  readonly address: Address
  /** A path. Not opened here: the reader of the file reports what is wrong with it. */
  readonly file: string
  readonly directory: string
  /** An absolute URL, normalised by `new URL`. */
  readonly url: string
}

export type OptionKind = keyof KindValues

interface RowBase<Kind extends OptionKind> {
  readonly kind: Kind
  /** Long name without dashes; also the key in a config file. */
  readonly flag: string
  /** One letter. */
  readonly short?: string
  /** One line: what it does, then its consequence where that is not plain. */
  readonly help: string
  /** What stands for the value in help, for example `N` or `host:port`. Default: by kind. */
  readonly placeholder?: string
  /** Another environment variable than PUSHCTL_<FLAG>; false: none. */
  readonly env?: string | false
  /** Shown as (hidden) by --explain. */
  readonly secret?: boolean
  /** May be given several times; the value is an array. */
  readonly repeatable?: boolean
  /** With repeatable: one text may hold several values, divided by this. */
  readonly separator?: string
  /** Must be given: no default and never undefined. */
  readonly required?: boolean
  /** Reason behind the bounds or choices, shown as `why` when they are broken. */
  readonly why?: string
  /** A good value, shown as `try` when a wrong one was given. */
  readonly example?: string
}

interface NumericRow<Kind extends OptionKind> extends RowBase<Kind> {
  readonly default?: number
  readonly min?: number
  readonly max?: number
}

interface RangeRow extends RowBase<'duration-range'> {
  readonly default?: Range
  readonly min?: number
  readonly max?: number
}

interface SizesRow extends RowBase<'sizes'> {
  readonly default?: SizeDistribution
  readonly min?: number
  readonly max?: number
}

interface TextRow<Kind extends OptionKind> extends RowBase<Kind> {
  readonly default?: string
}

interface EnumRow extends RowBase<'enum'> {
  readonly values: readonly string[]
  readonly default?: string
}

interface BooleanRow extends RowBase<'boolean'> {
  /** A switch that is on by default is turned off by --no-<flag>. */
  readonly default: boolean
}

interface AddressRow extends RowBase<'address'> {
  readonly default?: Address
}

export type OptionRow =
  | NumericRow<'count'>
  | NumericRow<'number'>
  | NumericRow<'size'>
  | NumericRow<'duration'>
  | NumericRow<'rate'>
  | NumericRow<'share'>
  | SizesRow
  | RangeRow
  | TextRow<'string'>
  | TextRow<'file'>
  | TextRow<'directory'>
  | TextRow<'url'>
  | EnumRow
  | BooleanRow
  | AddressRow

export type OptionTable = Readonly<Record<string, OptionRow>>

type ScalarOf<Row extends OptionRow> = Row extends { readonly values: readonly (infer Choice)[] }
  ? Choice
  : KindValues[Row['kind']]

type ValueOf<Row extends OptionRow> = Row extends { readonly repeatable: true }
  ? readonly ScalarOf<Row>[]
  : Row extends { readonly default: unknown } | { readonly required: true }
    ? ScalarOf<Row>
    : ScalarOf<Row> | undefined

/**
 * The resolved options of a table: a row without default or `required` may be undefined, a
 * repeatable one is [].
 */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]: ValueOf<Table[Key]>
}

/** Checks the rows while it keeps their literal types. */
export function defineOptions<const Table extends OptionTable>(table: Table): Table {
  return table
}

/** PUSHCTL_CONNECT_RATE for connect-rate; null where a row has none. */
export function envNameOf(row: OptionRow): string | null {
  if (row.env === false) return null
  return row.env ?? `PUSHCTL_${row.flag.toUpperCase().replaceAll('-', '_')}`
}

/** The flag as it is typed to change the default. */
export function flagTextOf(row: OptionRow): string {
  return row.kind === 'boolean' && row.default ? `--no-${row.flag}` : `--${row.flag}`
}
