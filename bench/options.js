/** The options of run.js. Faults are said all at once. */
import { parseArgs } from 'node:util'
import { PUSHCTL, SERVERS } from './servers.js'

export const WORKS = ['idle', 'broadcast', 'echo', 'connect']
const ROUNDS_MAX = 99

export const USAGE = `node bench/run.js [options]

Compares pushctl's node with its peers. Needs Linux, gcc, and npm ci in bench/.

  --only NAMES        servers, comma separated (default: all of ${Object.keys(SERVERS).join(', ')})
  --only-work NAMES   work, comma separated (default: ${WORKS.join(', ')})
  --rounds N          interleaved rounds (default 3; 1 with --quick)
  --quick             small counts: shows that all works, its figures mean nothing; implies --dry
  --dry               prints the tables, leaves docs/measurements.md alone
  --out FILE          Markdown file whose bench section is rewritten (default docs/measurements.md)
  --json              prints all rounds as one JSON document in place of the tables
  --pushctl FILE      program whose \`serve\` is measured (default: bin/pushctl.js here)
  --help
`

export function parseOptions(argv) {
  const faults = []
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string' },
      'only-work': { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      dry: { type: 'boolean', default: false },
      out: { type: 'string' },
      pushctl: { type: 'string', default: PUSHCTL },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const choose = (flag, known) => {
    const asked = values[flag]?.split(',').map((name) => name.trim()) ?? known
    const unknown = asked.filter((name) => !known.includes(name))
    if (unknown.length > 0) {
      faults.push(`--${flag} must name some of ${known.join(', ')}, got "${unknown.join(', ')}"`)
    }
    return known.filter((name) => asked.includes(name))
  }
  const names = choose('only', Object.keys(SERVERS))
  const works = choose('only-work', WORKS)
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    faults.push(`--rounds must be between 1 and ${ROUNDS_MAX}, got "${values.rounds}"`)
  }
  return { ...values, names, works, rounds, dry: values.dry || values.quick, faults }
}
