/**
 * `pushctl --help` and finding the verb. Global options may stand in front of the verb, and move
 * behind it.
 */
import { GLOBAL_OPTIONS } from '../config/global-options.ts'
import { nearestName } from '../config/nearest.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { Verb } from './verbs.ts'

export interface SplitWords {
  /** null where only options were typed. */
  readonly verb: string | null
  /** All other words. */
  readonly rest: readonly string[]
}

export function splitVerb(words: readonly string[]): SplitWords {
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    if (word === '--config') index += 1
    else if (!word.startsWith('-')) {
      return { verb: word, rest: [...words.slice(0, index), ...words.slice(index + 1)] }
    }
  }
  return { verb: null, rest: words }
}

export function findVerb(name: string, verbs: readonly Verb[]): Verb {
  const found = verbs.find((verb) => verb.name === name)
  if (found) return found
  const names = verbs.map((verb) => verb.name)
  const nearest = nearestName(name, names)
  const got = JSON.stringify(name.slice(0, 60))
  throw new PushctlError('PUSHCTL_USAGE', `expected a verb (${names.join(', ')}), got ${got}`, {
    tries: [nearest === null ? 'pushctl --help' : `pushctl ${nearest}`],
  })
}

/** Without a verb only --help and --version mean something. */
export function rejectStray(words: readonly string[]): void {
  const known = Object.values(GLOBAL_OPTIONS).flatMap((row) =>
    row.kind === 'boolean' ? [`--${row.flag}`, `--no-${row.flag}`] : [`--${row.flag}`],
  )
  const stray = words.find((word) => !known.includes(word.split('=', 1)[0]!))
  if (stray === undefined) return
  const nearest = nearestName(stray, known)
  const got = JSON.stringify(stray.slice(0, 60))
  throw new PushctlError('PUSHCTL_USAGE', `unknown option ${got} in front of a verb`, {
    tries: [nearest === null ? 'pushctl --help' : `pushctl ${nearest}`],
  })
}

export function topLevelHelp(verbs: readonly Verb[]): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length), 0)
  const lines = verbs.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`)
  return `Usage: pushctl <verb> [options]

Load-test and operate push clusters.

Verbs:
${lines.join('\n')}

pushctl <verb> --help lists the options of a verb; pushctl --version prints the version.
Counts are typed 10k or 1m (thousand, million), sizes 64KiB, times 250ms 30s 5m 2h, rates 500/s:
1m is a million for a count and a minute for a time.
`
}
