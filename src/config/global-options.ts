/**
 * Options that every verb has. A verb with a row of the same flag (doctor's --explain CHECK) hides
 * the one here.
 */
import { defineOptions, type OptionTable } from './option-table.ts'

export const GLOBAL_OPTIONS = defineOptions({
  configFile: {
    flag: 'config',
    kind: 'file',
    placeholder: 'FILE',
    help: 'settings from a YAML file; flags and environment win over it',
  },
  explain: {
    flag: 'explain',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'print each setting with where it came from, and stop',
  },
  json: {
    flag: 'json',
    kind: 'boolean',
    default: false,
    help: 'print the result as one JSON document; errors as JSON lines on stderr',
  },
  quiet: {
    flag: 'quiet',
    kind: 'boolean',
    default: false,
    help: 'no progress and no notes on stderr',
  },
  color: {
    flag: 'color',
    kind: 'boolean',
    default: true,
    help: 'no colours, as with NO_COLOR in the environment',
  },
  help: {
    flag: 'help',
    short: 'h',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'this text',
  },
  version: {
    flag: 'version',
    short: 'V',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'print the version',
  },
})

/** Only for verbs that name a folder of profiles. */
export const PROFILE_OPTIONS = defineOptions({
  profile: {
    flag: 'profile',
    kind: 'string',
    placeholder: 'NAME|FILE',
    help: 'settings under a name, or from a file; all other settings win over it',
  },
})

/**
 * Help, version and explain are questions to the command line, not settings: no file may ask them.
 */
const ONLY_FLAGS: ReadonlySet<string> = new Set(['config', 'explain', 'help', 'version'])

/** The rows that a config file may hold. */
export function fileRowsOf(table: OptionTable): OptionTable {
  return Object.fromEntries(
    Object.entries(table).filter(
      ([key, row]) =>
        !(ONLY_FLAGS.has(row.flag) && GLOBAL_OPTIONS[key as keyof typeof GLOBAL_OPTIONS] === row),
    ),
  )
}
