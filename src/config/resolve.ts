/**
 * Settings from their layers, the first that has one wins: flags, environment, config file,
 * profile, default. All faults are gathered, so that a user mends them in one go; an overridden
 * value is not looked at.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { Layer, LayerEntry } from './layers.ts'
import { flagTextOf, type OptionRow, type OptionsOf, type OptionTable } from './option-table.ts'
import { checkOptionValue, type RawValue } from './option-value.ts'
import { DEFAULT_SOURCE, type Source, type SourceMap } from './sources.ts'

export interface Resolved<Table extends OptionTable> {
  /** Complete only where there are no faults. */
  readonly options: OptionsOf<Table>
  readonly sources: SourceMap
  readonly faults: readonly PushctlError[]
}

/** How much of a wrong value is repeated in a message. */
const SHOWN_LENGTH_MAX = 60

/**
 * `commandLine` is what a `try` line starts and ends with: `pushctl bench`, and the words after the
 * options.
 */
export function resolveOptions<Table extends OptionTable>(
  table: Table,
  layers: readonly Layer[],
  commandLine: { readonly verb: string; readonly rest: readonly string[] },
): Resolved<Table> {
  const options: Record<string, unknown> = {}
  const sources: Record<string, Source> = {}
  const faults: PushctlError[] = []
  for (const [key, row] of Object.entries(table)) {
    const entry = firstEntry(layers, row.flag)
    sources[key] = entry?.source ?? DEFAULT_SOURCE
    if (entry === null) {
      options[key] = defaultOf(row)
      if (row.required) faults.push(missing(row, commandLine))
    } else {
      options[key] = valueOf(row, entry, (fault) => {
        faults.push(describe(row, entry, fault, commandLine))
      })
    }
  }
  return { options: options as OptionsOf<Table>, sources, faults }
}

function firstEntry(layers: readonly Layer[], flag: string): LayerEntry | null {
  for (const layer of layers) {
    const entry = layer.get(flag)
    if (entry) return entry
  }
  return null
}

function defaultOf(row: OptionRow): unknown {
  if (row.default === undefined) return row.repeatable ? [] : undefined
  return row.repeatable ? [row.default] : row.default
}

interface Fault {
  readonly rule: string
  readonly got: RawValue
  readonly nearest?: string
}

function valueOf(row: OptionRow, entry: LayerEntry, onFault: (fault: Fault) => void): unknown {
  const raws = row.repeatable ? splitValues(row, entry.values) : entry.values.slice(-1)
  const values = []
  for (const raw of raws) {
    const checked = checkOptionValue(row, raw)
    if (checked.ok) values.push(checked.value)
    else onFault({ ...checked, got: raw })
  }
  return row.repeatable ? values : values[0]
}

function splitValues(row: OptionRow, raws: readonly RawValue[]): readonly RawValue[] {
  const { separator } = row
  if (separator === undefined) return raws
  return raws.flatMap<RawValue>((raw) => (typeof raw === 'string' ? raw.split(separator) : [raw]))
}

type CommandLine = Parameters<typeof resolveOptions>[2]

function describe(
  row: OptionRow,
  entry: LayerEntry,
  fault: Fault,
  line: CommandLine,
): PushctlError {
  const got = row.secret ? 'something else' : JSON.stringify(clip(String(fault.got)))
  const example = fault.nearest ?? row.example
  return new PushctlError('PUSHCTL_CONFIG', `${entry.name} ${fault.rule}, got ${got}`, {
    ...(row.why === undefined ? {} : { why: row.why }),
    tries: example === undefined ? [] : [tryText(row, entry, example, line)],
  })
}

function tryText(row: OptionRow, entry: LayerEntry, example: string, line: CommandLine): string {
  if (entry.source.kind === 'env') return `${entry.name}=${example}`
  if (entry.source.kind !== 'flag') return `${row.flag}: ${example}`
  return flagLine(row, example, line)
}

function flagLine(row: OptionRow, example: string, line: CommandLine): string {
  return ['pushctl', line.verb, flagTextOf(row), example, ...line.rest].join(' ')
}

function missing(row: OptionRow, line: CommandLine): PushctlError {
  return new PushctlError('PUSHCTL_CONFIG', `--${row.flag} is required: ${row.help}`, {
    tries: row.example === undefined ? [] : [flagLine(row, row.example, line)],
  })
}

function clip(text: string): string {
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text
}
