/**
 * What a verb is: a name, its option table, and run(). src/cli finds it in verbs.ts, fills the
 * options from flags, environment, files and defaults, and gives it a context; a command touches
 * neither argv nor process. It lives in config because commands import it and cli imports commands.
 *
 *   export const command = defineCommand({ name: 'push', options: PUSH_OPTIONS, …,
 *     run: async ({ options, result }) => EXIT.OK })
 *
 * A command module is loaded for `--help` too: import what is heavy (ink, fastify, engines) inside
 * run().
 */
import type { Readable, Writable } from 'node:stream'
import type { PushctlError } from '../errors/pushctl-error.ts'
import type { OptionsOf, OptionTable } from './option-table.ts'
import type { SourceMap } from './sources.ts'

/**
 * A word on the command line that is no option. Rows stand in order; only the last may be
 * repeatable.
 */
export interface ArgumentRow {
  /** As shown in help: `TARGET`. */
  readonly name: string
  readonly help: string
  readonly required?: boolean
  readonly repeatable?: boolean
}

export interface ExampleRow {
  /** The whole line, starting with `pushctl`. */
  readonly line: string
  readonly help: string
}

/** What the process offers to a command; the fake of it in tests is a handful of strings. */
export interface CommandContext<Options> {
  readonly options: Options
  /** Words after the options, as typed. */
  readonly positional: readonly string[]
  /** Where each option came from, by key. */
  readonly sources: SourceMap
  /** stdout carries the result and nothing else. */
  readonly stdout: Writable
  /** Progress, notes, live view. */
  readonly stderr: Writable
  readonly stdin: Readable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly terminal: TerminalFacts
  /** --json: one JSON document on stdout, or JSON lines where a verb streams. */
  readonly json: boolean
  readonly quiet: boolean
  /** Aborted by the first Ctrl-C or SIGTERM; the reason is 'SIGINT' or 'SIGTERM' (StopSignal). */
  readonly signal: AbortSignal
  /** For verbs that run long and take settings while they do. */
  readonly reload: SettingsReload<Options>
  /** Milliseconds since the epoch. */
  now(): number
  /** One line to stderr, nothing with --quiet. */
  note(line: string): void
  /**
   * Writes the result: the document with --json, else the text. Resolves when stdout has taken it.
   */
  result(document: object, text: string): Promise<void>
}

export interface SettingsReload<Options> {
  /** Called at each SIGHUP; returns the function that stops listening. */
  onRequest(listener: () => void): () => void
  /**
   * Reads flags, environment and files again and checks them. Throws ConfigFaults with all that is
   * wrong.
   */
  read(): Promise<Options>
}

export interface TerminalFacts {
  readonly stdoutIsTty: boolean
  readonly stderrIsTty: boolean
  readonly stdinIsTty: boolean
  /** Columns of stderr's terminal, 80 where it is none. */
  readonly columns: number
  /** false with NO_COLOR, --no-color, or where stderr is no terminal. */
  readonly color: boolean
}

export interface Command<Table extends OptionTable = OptionTable> {
  readonly name: string
  /** One line for the list of verbs. */
  readonly summary: string
  /** Some lines below the usage in `pushctl <verb> --help`. */
  readonly description?: string
  readonly arguments: readonly ArgumentRow[]
  readonly options: Table
  readonly examples: readonly ExampleRow[]
  /** Folder under profiles/ that --profile NAME searches; the verb has --profile only with this. */
  readonly profiles?: 'load' | 'kernel'
  /** Rules between settings. All faults of one configuration are shown together. */
  check?(options: OptionsOf<Table>, positional: readonly string[]): readonly PushctlError[]
  /**
   * Resolves to the exit code (EXIT). Throws PushctlError for what people can mend; anything else
   * counts as a bug.
   */
  run(context: CommandContext<OptionsOf<Table>>): Promise<number>
}

/** Types run() and check() by the option table. */
export function defineCommand<const Table extends OptionTable>(
  command: Command<Table>,
): Command<Table> {
  return command
}

/** For tables of verbs, which hold commands of every option table. */
export type AnyCommand = Command<OptionTable>
