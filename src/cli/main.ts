/**
 * The whole command line: argv in, exit code out. Expected errors are printed for people,
 * everything else as a bug with its stack. Heavy parts load behind the verb (verbs.ts); --help
 * loads none of them, and not even commander.
 */
import { packageVersion } from '../config/package-root.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { type ErrorStyle, errorText, exitCodeOfError } from './error-text.ts'
import { type Host, hostOfProcess } from './host.ts'
import { isBrokenPipe, writeText } from './output.ts'
import { findVerb, rejectStray, type SplitWords, splitVerb, topLevelHelp } from './top-level.ts'
import { VERBS, type Verb } from './verbs.ts'

/** How long a finished command may keep the process by a forgotten handle. */
const LEFTOVERS_MS = 2_000

/** Resolves to the exit code, which is also set on the host. */
export async function main(
  host: Host = hostOfProcess(),
  verbs: readonly Verb[] = VERBS,
): Promise<number> {
  const style = errorStyle(host, verbs)
  host.stdout.on('error', (error) => {
    // The reader of the pipe has seen enough.
    if (isBrokenPipe(error)) host.exit(EXIT.OK)
    else fail(error)
  })
  host.stderr.on('error', () => {})
  const fail = (error: unknown) => {
    host.stderr.write(errorText(error, style))
    host.exit(exitCodeOfError(error))
  }
  const stopListening = host.onUncaught(fail)
  const code = await runWords(host, verbs).catch(async (error: unknown) => {
    await writeText(host.stderr, errorText(error, style))
    return exitCodeOfError(error)
  })
  // Whoever reads slowly (`| less`) gets all of it before the clock for leftovers starts.
  await writeText(host.stdout, '')
  stopListening()
  host.setExitCode(code)
  setTimeout(() => host.exit(code), LEFTOVERS_MS).unref()
  return code
}

async function runWords(host: Host, verbs: readonly Verb[]): Promise<number> {
  const split = splitVerb(host.argv)
  const { verb: name, rest } = split.verb === 'help' ? verbAsked(split.rest) : split
  if (name !== null) {
    const verb = findVerb(name, verbs)
    const [{ command }, { runVerb }] = await Promise.all([verb.load(), import('./run-verb.ts')])
    const names = verbs.map((row) => row.name)
    return runVerb(command, rest, host, names)
  }
  if (rest.includes('--version') || rest.includes('-V')) {
    await writeText(host.stdout, `pushctl ${packageVersion()}\n`)
    return EXIT.OK
  }
  const asked = rest.includes('--help') || rest.includes('-h')
  if (!asked) rejectStray(rest)
  await writeText(asked ? host.stdout : host.stderr, topLevelHelp(verbs))
  return asked ? EXIT.OK : EXIT.USAGE
}

/** `pushctl help bench` is `pushctl bench --help`. */
function verbAsked(words: readonly string[]): SplitWords {
  const { verb, rest } = splitVerb(words)
  return { verb, rest: [...rest, '--help'] }
}

/** Read off the plain words, because an error may be about the words themselves. */
function errorStyle(host: Host, verbs: readonly Verb[]): ErrorStyle {
  const ownWords = host.argv.slice(
    0,
    host.argv.includes('--') ? host.argv.indexOf('--') : undefined,
  )
  const { verb } = splitVerb(ownWords)
  const known = verbs.some((row) => row.name === verb)
  const colorless = ownWords.includes('--no-color') || Boolean(host.env['NO_COLOR'])
  return {
    json: ownWords.includes('--json') || isOn(host.env['PUSHCTL_JSON']),
    color: host.stderrIsTty && !colorless,
    prefix: known ? `pushctl ${verb}` : 'pushctl',
    environment: `pushctl ${packageVersion()}, ${host.platform}`,
  }
}

function isOn(text: string | undefined): boolean {
  return text !== undefined && /^(1|true|yes|on)$/i.test(text)
}
