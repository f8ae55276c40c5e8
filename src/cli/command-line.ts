/**
 * Between a command's tables and commander: declares the options, and turns the words of the user
 * into a layer. Values stay raw text here; resolve.ts checks them together with those from files
 * and environment, so a wrong flag and a wrong key are reported in one go.
 */
import { Command as Commander, CommanderError, Option } from 'commander'
import type { AnyCommand } from '../config/command.ts'
import { GLOBAL_OPTIONS, PROFILE_OPTIONS } from '../config/global-options.ts'
import type { Layer, LayerEntry } from '../config/layers.ts'
import { nearestName } from '../config/nearest.ts'
import { envNameOf, flagTextOf, type OptionRow, type OptionTable } from '../config/option-table.ts'
import { boundsText, formatOptionValue, type RawValue } from '../config/option-value.ts'
import { PushctlError } from '../errors/pushctl-error.ts'

export interface ParsedLine {
  readonly layer: Layer
  readonly positional: readonly string[]
  readonly faults: readonly PushctlError[]
}

/** The command's own rows, then the global ones that it does not hide. */
export function fullTableOf(command: AnyCommand): OptionTable {
  const own: OptionTable = command.options
  const taken = new Set(Object.values(own).map((row) => row.flag))
  const shared = { ...(command.profiles ? PROFILE_OPTIONS : {}), ...GLOBAL_OPTIONS }
  const rest = Object.entries(shared).filter(([, row]) => !taken.has(row.flag))
  return { ...own, ...Object.fromEntries(rest) }
}

export function buildCommander(command: AnyCommand, columns: number): Commander {
  const commander = new Commander(`pushctl ${command.name}`)
    .helpOption(false)
    .allowUnknownOption()
    .exitOverride()
    .configureOutput({ getOutHelpWidth: () => columns, writeErr: () => {} })
    .description(command.description ?? command.summary)
  for (const row of command.arguments) {
    const dots = row.repeatable ? '...' : ''
    commander.argument(row.required ? `<${row.name}${dots}>` : `[${row.name}${dots}]`, row.help)
  }
  for (const [key, row] of Object.entries(fullTableOf(command))) {
    const isGlobal = GLOBAL_OPTIONS[key as keyof typeof GLOBAL_OPTIONS] === row
    for (const option of optionsOf(row)) {
      commander.addOption(isGlobal ? option.helpGroup('On every verb:') : option)
    }
  }
  if (command.examples.length > 0) {
    const lines = command.examples.map(({ line, help }) => `  ${line}\n      ${help}`)
    commander.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
  }
  return commander
}

export function parseWords(
  command: AnyCommand,
  words: readonly string[],
  columns: number,
): ParsedLine {
  const commander = buildCommander(command, columns)
  const faults: PushctlError[] = []
  let positional: readonly string[] = []
  try {
    const { operands, unknown } = commander.parseOptions([...words])
    positional = operands
    faults.push(...unknownFlags(command, unknown))
    // After an unknown flag nobody can tell its value from an argument.
    if (unknown.length === 0) faults.push(...argumentFaults(command, operands))
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    faults.push(usage(command, error.message.replace(/^error: /, '')))
  }
  return { layer: layerOf(command, commander), positional, faults }
}

function optionsOf(row: OptionRow): Option[] {
  const short = row.short === undefined ? '' : `-${row.short}, `
  if (row.kind === 'boolean') {
    const shown = new Option(`${short}${flagTextOf(row)}`, describe(row))
    const inverse = new Option(row.default ? `--${row.flag}` : `--no-${row.flag}`).hideHelp()
    return [shown, inverse]
  }
  const option = new Option(`${short}--${row.flag} <${placeholderOf(row)}>`, describe(row))
  return [option.argParser<string[]>((word, before) => [...(before ?? []), word])]
}

const PLACEHOLDERS: Readonly<Record<OptionRow['kind'], string>> = {
  count: 'count',
  number: 'number',
  size: 'size',
  duration: 'time',
  'duration-range': 'time..time',
  rate: 'rate',
  share: 'share',
  sizes: 'sizes',
  string: 'text',
  enum: 'choice',
  boolean: '',
  address: 'host:port',
  file: 'file',
  directory: 'folder',
  url: 'url',
}

function placeholderOf(row: OptionRow): string {
  if (row.placeholder !== undefined) return row.placeholder
  return row.kind === 'enum' ? row.values.join('|') : PLACEHOLDERS[row.kind]
}

/** Help, then what a reader needs to choose a value: default, bounds, repetition, environment. */
function describe(row: OptionRow): string {
  const facts: string[] = []
  if (row.kind !== 'boolean' && row.default !== undefined && row.default !== '') {
    facts.push(`default ${row.secret ? '(hidden)' : formatOptionValue(row, row.default)}`)
  }
  if ('min' in row || 'max' in row) facts.push(boundsText(row))
  if (row.required) facts.push('required')
  if (row.repeatable) facts.push('repeatable')
  const env = envNameOf(row)
  if (row.env !== undefined && env !== null) facts.push(`or ${env}`)
  return facts.length === 0 ? row.help : `${row.help} (${facts.join('; ')})`
}

function layerOf(command: AnyCommand, commander: Commander): Layer {
  const layer = new Map<string, LayerEntry>()
  for (const row of Object.values(fullTableOf(command))) {
    const key = new Option(`--${row.flag}`).attributeName()
    const value: unknown = commander.getOptionValue(key)
    // commander gives a --no- switch its default `true` by itself.
    if (value === undefined || (row.kind === 'boolean' && isDefault(commander, key))) continue
    const values = (Array.isArray(value) ? value : [value]) as readonly RawValue[]
    const name = row.kind === 'boolean' && value === false ? `--no-${row.flag}` : `--${row.flag}`
    layer.set(row.flag, { values, name, source: { kind: 'flag', text: name } })
  }
  return layer
}

function isDefault(commander: Commander, key: string): boolean {
  return commander.getOptionValueSource(key) === 'default'
}

function unknownFlags(command: AnyCommand, unknown: readonly string[]): PushctlError[] {
  const rows = Object.values(fullTableOf(command))
  const flags = rows.flatMap((row) => [`--${row.flag}`, ...(row.short ? [`-${row.short}`] : [])])
  const typed = unknown.filter((word) => /^-./.test(word))
  return typed.map((word) => {
    const flag = word.split('=', 1)[0]!.slice(0, 60)
    const nearest = nearestName(flag, flags)
    return usage(command, `unknown option ${JSON.stringify(flag)}`, nearest ?? undefined)
  })
}

function argumentFaults(command: AnyCommand, operands: readonly string[]): PushctlError[] {
  const rows = command.arguments
  const needed = rows.filter((row, index) => row.required && operands[index] === undefined)
  const faults = needed.map((row) => usage(command, `${row.name} is missing: ${row.help}`))
  const open = rows.at(-1)?.repeatable === true
  if (!open && operands.length > rows.length) {
    const got = JSON.stringify(operands[rows.length]!.slice(0, 60))
    const most = rows.length === 0 ? 'no arguments' : `at most ${rows.length} argument(s)`
    faults.push(usage(command, `takes ${most}, got ${got}`))
  }
  return faults
}

function usage(command: AnyCommand, message: string, suggestion?: string): PushctlError {
  const next = `pushctl ${command.name} ${suggestion ?? '--help'}`
  return new PushctlError('PUSHCTL_USAGE', message, { tries: [next] })
}
