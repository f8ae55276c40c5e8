/**
 * One verb from words to exit code: parse, read files, resolve, check, then help, --explain or run.
 */
import type { AnyCommand, CommandContext } from '../config/command.ts'
import { readConfigFile } from '../config/config-file.ts'
import { fileRowsOf, GLOBAL_OPTIONS } from '../config/global-options.ts'
import { type Layer, readEnvironment } from '../config/layers.ts'
import type { OptionsOf, OptionTable } from '../config/option-table.ts'
import { packageVersion } from '../config/package-root.ts'
import { readProfile } from '../config/profile.ts'
import { type Resolved, resolveOptions } from '../config/resolve.ts'
import { EXIT, exitCodeOfSignal } from '../errors/exit-codes.ts'
import { ConfigFaults, type PushctlError } from '../errors/pushctl-error.ts'
import { buildCommander, fullTableOf, type ParsedLine, parseWords } from './command-line.ts'
import { explainSettings } from './explain.ts'
import type { Host } from './host.ts'
import { watchInterruption } from './interruption.ts'
import { writeText } from './output.ts'

type Globals = OptionsOf<typeof GLOBAL_OPTIONS>

export async function runVerb(
  command: AnyCommand,
  words: readonly string[],
  host: Host,
  verbs: readonly string[],
): Promise<number> {
  const line = parseWords(command, words, host.columns)
  if (line.layer.has('help') && !hides(command, 'help')) {
    const commander = buildCommander(command, host.columns)
    let text = ''
    commander.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
    await writeText(host.stdout, text)
    return EXIT.OK
  }
  if (line.layer.has('version') && !hides(command, 'version')) {
    await writeText(host.stdout, `pushctl ${packageVersion()}\n`)
    return EXIT.OK
  }
  const { resolved, globals } = await settle(command, line, host, verbs)
  if (globals.explain) {
    const { options, sources } = resolved
    const explained = explainSettings(command.name, fullTableOf(command), options, sources)
    await resultWriter(host, globals)(explained.document, explained.text)
    return EXIT.OK
  }
  const readAgain = async () => (await settle(command, line, host, verbs)).resolved.options
  return runInterruptibly(command, host, (signal) =>
    contextOf({ line, resolved, globals, signal, readAgain }, host),
  )
}

async function settle(
  command: AnyCommand,
  line: ParsedLine,
  host: Host,
  verbs: readonly string[],
): Promise<{ resolved: Resolved<OptionTable>; globals: Globals }> {
  const table = fullTableOf(command)
  const commandLine = { verb: command.name, rest: line.positional }
  const faults: PushctlError[] = [...line.faults]
  const layers: Layer[] = [line.layer, readEnvironment(table, host.env)]
  const fileRequest = { table: fileRowsOf(table), verb: command.name, verbs }
  const nameOfFile = resolveOptions(table, layers, commandLine).options['configFile']
  if (typeof nameOfFile === 'string' && !hides(command, 'config')) {
    const read = await readConfigFile({ ...fileRequest, path: nameOfFile, kind: 'file' })
    faults.push(...read.faults)
    layers.push(read.layer)
  }
  const profile = resolveOptions(table, layers, commandLine).options['profile']
  if (command.profiles && typeof profile === 'string') {
    const read = await readProfile({ ...fileRequest, profile, folder: command.profiles })
    faults.push(...read.faults)
    layers.push(read.layer)
  }
  const resolved = resolveOptions(table, layers, commandLine)
  faults.push(...resolved.faults)
  // Rules between settings make sense only on settings that are right by themselves.
  if (faults.length === 0) faults.push(...checkTogether(command, resolved, line))
  if (faults.length > 0) throw new ConfigFaults(faults)
  return { resolved, globals: globalsOf(command, resolved) }
}

function checkTogether(
  command: AnyCommand,
  resolved: Resolved<OptionTable>,
  line: ParsedLine,
): readonly PushctlError[] {
  return command.check?.(resolved.options, line.positional) ?? []
}

/** A global option that the verb hides with its own row has its default. */
function globalsOf(command: AnyCommand, resolved: Resolved<OptionTable>): Globals {
  const options = resolved.options as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(GLOBAL_OPTIONS).map(([key, row]) => [
      key,
      hides(command, row.flag) ? ('default' in row ? row.default : undefined) : options[key],
    ]),
  ) as unknown as Globals
}

function hides(command: AnyCommand, flag: string): boolean {
  return Object.values(command.options as OptionTable).some((row) => row.flag === flag)
}

async function runInterruptibly(
  command: AnyCommand,
  host: Host,
  contextWith: (signal: AbortSignal) => CommandContext<never>,
): Promise<number> {
  const interruption = watchInterruption(host)
  try {
    return await command.run(contextWith(interruption.signal))
  } catch (error) {
    const stopped = interruption.stoppedBy()
    if (stopped !== null && isAbort(error, interruption.signal)) return exitCodeOfSignal(stopped)
    throw error
  } finally {
    interruption.stopListening()
  }
}

/**
 * A command may let the abort fall through: `signal.throwIfAborted()`, or an AbortError of Node.
 */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}

interface Settled {
  readonly line: ParsedLine
  readonly resolved: Resolved<OptionTable>
  readonly globals: Globals
  readonly signal: AbortSignal
  readonly readAgain: () => Promise<object>
}

function contextOf(settled: Settled, host: Host): CommandContext<never> {
  const { line, resolved, globals, signal, readAgain } = settled
  const noColor = host.env['NO_COLOR'] !== undefined && host.env['NO_COLOR'] !== ''
  return {
    options: resolved.options as never,
    positional: line.positional,
    sources: resolved.sources,
    stdout: host.stdout,
    stderr: host.stderr,
    get stdin() {
      return host.stdin
    },
    env: host.env,
    cwd: host.cwd,
    terminal: {
      stdoutIsTty: host.stdoutIsTty,
      stderrIsTty: host.stderrIsTty,
      stdinIsTty: host.stdinIsTty,
      columns: host.columns,
      color: globals.color && !noColor && host.stderrIsTty,
    },
    json: globals.json,
    quiet: globals.quiet,
    signal,
    reload: {
      onRequest: (listener) => host.onReload(listener),
      read: readAgain as () => Promise<never>,
    },
    now: () => host.now(),
    note: (text) => {
      if (!globals.quiet) host.stderr.write(`${text}\n`)
    },
    result: resultWriter(host, globals),
  }
}

function resultWriter(host: Host, globals: Globals): CommandContext<never>['result'] {
  return (document, text) =>
    writeText(host.stdout, globals.json ? `${JSON.stringify(document)}\n` : `${text}\n`)
}
