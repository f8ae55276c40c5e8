/**
 * What it costs to report: the load generator with all reporting against the same without, a day of
 * load drawn in a browser, and a search for a limit on a local node. Ratios are taken within a
 * round. Needs Linux, taskset and two cores; the page needs chromium on PATH.
 *
 * Exit code: 0 done, 1 a part failed, 2 options, 3 this host cannot do it.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { HostFault } from './compile.js'
import { REPORTING_SECTION, rewriteSection } from './document.js'
import { describeHost } from './proc.js'
import { renderMarkdown, renderText } from './reporting-tables.js'
import { PUSHCTL } from './servers.js'
import { measureFind } from './work/find.js'
import { measurePage } from './work/page.js'
import { FULL, measureReporting, QUICK, VARIANTS } from './work/reporting.js'

const HERE = new URL('.', import.meta.url).pathname
const USAGE = `node bench/reporting.js [options]

Measures what reports cost: recorded, drawn in a browser, searched for with --find.

  --quick           one short round: shows that all works, its figures mean nothing; implies --dry
  --rounds N        interleaved rounds (default 5)
  --only NAMES      parts, comma separated (default: load,page,find)
  --dry             prints the tables, leaves docs/measurements.md alone
  --out FILE        Markdown file whose section is rewritten
  --json            prints everything as one JSON document in place of the tables
  --pushctl FILE    program that is measured (default: bin/pushctl.js here)
  --help
`
const PARTS = ['load', 'page', 'find']
const ROUNDS_MAX = 99

const say = (line) => process.stderr.write(`${line}\n`)

function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      dry: { type: 'boolean', default: false },
      out: { type: 'string', default: join(HERE, '..', 'docs', 'measurements.md') },
      json: { type: 'boolean', default: false },
      pushctl: { type: 'string', default: PUSHCTL },
      help: { type: 'boolean', default: false },
    },
  })
  const parts = values.only?.split(',').map((name) => name.trim()) ?? PARTS
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  const faults = parts
    .filter((name) => !PARTS.includes(name))
    .map((name) => `--only must name some of ${PARTS.join(', ')}, got "${name}"`)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    faults.push(`--rounds must be between 1 and ${ROUNDS_MAX}, got "${values.rounds}"`)
  }
  return { ...values, parts, rounds, dry: values.dry || values.quick, faults }
}

async function measureRounds({ rounds, quick, pushctl }, attempt) {
  const sizes = quick ? QUICK : FULL
  const found = []
  for (let round = 1; round <= rounds; round++) {
    const figures = {}
    // Who is first meets another machine than who is last.
    const order = round % 2 === 0 ? Object.keys(VARIANTS).reverse() : Object.keys(VARIANTS)
    for (const name of order) {
      await attempt(`round ${round}/${rounds}, ${name}`, async () => {
        figures[name] = await measureReporting({ name, sizes, pushctl })
      })
    }
    found.push(figures)
  }
  return found
}

async function measureAll(options) {
  const failures = []
  const attempt = async (title, measure) => {
    try {
      const result = await measure()
      say(title)
      return result
    } catch (error) {
      if (error instanceof HostFault) throw error
      say(`${title}: not run: ${error.message}`)
      failures.push(`${title}: ${error.message}`)
      return null
    }
  }
  const { parts, pushctl, quick } = options
  const has = (name) => parts.includes(name)
  return {
    rounds: has('load') ? await measureRounds(options, attempt) : [],
    page: has('page') ? await attempt('page', () => measurePage({ pushctl, quick })) : null,
    find: has('find') ? await attempt('find', () => measureFind({ pushctl, quick })) : null,
    failures,
  }
}

async function main() {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return void process.stdout.write(USAGE)
  if (options.faults.length > 0) {
    options.faults.forEach((fault) => say(`reporting: ${fault}`))
    process.exitCode = 2
    return
  }
  if (process.platform !== 'linux') throw new HostFault('Linux is needed: CPU is read from /proc')
  if (availableParallelism() < 2) throw new HostFault('two cores are needed: one for each side')
  const run = {
    startedAt: new Date().toISOString(),
    command: ['node bench/reporting.js', ...process.argv.slice(2)].join(' '),
    host: describeHost(),
    sizes: options.quick ? QUICK : FULL,
    isQuick: options.quick,
    ...(await measureAll(options)),
  }
  if (options.json) process.stdout.write(`${JSON.stringify(run, null, 2)}\n`)
  else process.stdout.write(renderText(run))
  if (!options.dry) {
    rewriteSection(options.out, REPORTING_SECTION, renderMarkdown(run))
    say(`written to ${options.out}`)
  }
  process.exitCode = run.failures.length > 0 ? 1 : 0
}

try {
  await main()
} catch (error) {
  const isUsage = String(error.code).startsWith('ERR_PARSE_ARGS')
  if (!isUsage && !(error instanceof HostFault)) throw error
  say(`reporting: ${error.message}`)
  process.exitCode = isUsage ? 2 : 3
}
