/**
 * Compares pushctl's load generator with one in C that does the same and nothing more, on the same
 * work in one run: how many messages each sends, receives and sends round for each second of CPU it
 * uses. Generator on core 1, target on core 0. The load is a fixed rate that both can hold, so that
 * both make the same system calls; what differs is the CPU they need for it. Ratios are taken
 * within a round.
 *
 * Exit code: 0 done, 1 a generator failed, 2 options, 3 this host cannot do it.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { compile, HostFault } from './compile.js'
import { GENERATOR_SECTION, rewriteSection } from './document.js'
import { renderMarkdown, renderText } from './generator-tables.js'
import { LineProcess } from './lines.js'
import { cpuBetween, cpuOf, describeHost } from './proc.js'
import { PUSHCTL } from './servers.js'
import { FULL, QUICK, WORKS } from './work/generate.js'

const HERE = new URL('.', import.meta.url).pathname
const USAGE = `node bench/generator.js [options]

Compares pushctl's load generator with a minimal one in C. Needs Linux, gcc, taskset and two cores.

  --quick           one short round: shows that all works, its figures mean nothing; implies --dry
  --rounds N        interleaved rounds (default 5)
  --only NAMES      work, comma separated (default: ${Object.keys(WORKS).join(', ')})
  --dry             prints the tables, leaves docs/measurements.md alone
  --out FILE        Markdown file whose generator section is rewritten
  --json            prints all rounds as one JSON document in place of the tables
  --pushctl FILE    program whose bench is measured (default: bin/pushctl.js here)
  --help
`
const TARGET_CORE = 0
const GENERATOR_CORE = 1
const START_LIMIT_S = 20
const LOOK_MS = 100
const ROUNDS_MAX = 99

const say = (line) => process.stderr.write(`${line}\n`)

/** How each generator is started on the work. */
const GENERATORS = {
  pushctl: ({ port, connections, rate, bytes, pushctl }) => [
    process.execPath,
    ...[
      pushctl,
      'bench',
      `tcp://127.0.0.1:${port}`,
      '--mode',
      'echo',
      '-w',
      '1',
      '--quiet',
      '--doctor',
      'off',
    ],
    ...['-c', String(connections), '--connect-rate', '20k', '-R', String(rate)],
    ...['--message-size', String(bytes), '--warmup', '0s', '-d', '10m'],
  ],
  c: (load) => commandOfC(load),
  cTicks: (load) => [...commandOfC(load), 'ticks=1'],
}

function commandOfC({ port, connections, rate, bytes }) {
  const words = [`port=${port}`, `connections=${connections}`, `rate=${rate}`, `bytes=${bytes}`]
  return [compile('generator-load'), ...words]
}

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
  const known = Object.keys(WORKS)
  const works = values.only?.split(',').map((name) => name.trim()) ?? known
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  const faults = works
    .filter((name) => !known.includes(name))
    .map((name) => `--only must name some of ${known.join(', ')}, got "${name}"`)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    faults.push(`--rounds must be between 1 and ${ROUNDS_MAX}, got "${values.rounds}"`)
  }
  return { ...values, works, rounds, dry: values.dry || values.quick, faults }
}

/** CPU of one generator for one message of the work, and the rate it held. */
async function measureOnce({ name, work, sizes, pushctl }) {
  const { mode, counter, bytes, rate, sourceRate = 0 } = WORKS[work]
  const target = new LineProcess({
    command: [compile('generator-target'), `mode=${mode}`, `rate=${sourceRate}`, `bytes=${bytes}`],
    core: TARGET_CORE,
  })
  const { port } = await target.read(START_LIMIT_S)
  const { connections } = sizes
  const command = GENERATORS[name]({ port, connections, rate, bytes, pushctl })
  const generator = new LineProcess({ command, core: GENERATOR_CORE })
  const count = async () => (await target.ask('stat'))[counter]
  try {
    await untilUnderWay(count, (sourceRate || rate) * sizes.leadS)
    const before = { count: await count(), cpu: cpuOf(generator.pid), ms: performance.now() }
    await wait(sizes.measureS * 1000)
    const after = { count: await count(), cpu: cpuOf(generator.pid), ms: performance.now() }
    const cpu = cpuBetween(before.cpu, after.cpu)
    const messages = after.count - before.count
    return {
      perCpuS: messages / cpu.total,
      userUs: (cpu.user * 1e6) / messages,
      systemUs: (cpu.system * 1e6) / messages,
      perS: (messages * 1000) / (after.ms - before.ms),
      busy: (cpu.total * 1000) / (after.ms - before.ms),
    }
  } finally {
    await generator.stop()
    await target.stop()
  }
}

async function untilUnderWay(count, wanted) {
  const startedMs = performance.now()
  while ((await count()) < wanted) {
    if (performance.now() - startedMs > START_LIMIT_S * 1000) {
      throw new Error(`it had not moved ${wanted} messages after ${START_LIMIT_S} s`)
    }
    await wait(LOOK_MS)
  }
}

async function measureAll({ works, rounds, quick, pushctl }) {
  const sizes = quick ? QUICK : FULL
  const found = []
  const failures = []
  for (let round = 1; round <= rounds; round++) {
    const figures = {}
    for (const work of works) {
      figures[work] = {}
      for (const name of Object.keys(GENERATORS)) {
        const at = `round ${round}/${rounds}  ${work.padEnd(8)} ${name}`
        try {
          figures[work][name] = await measureOnce({ name, work, sizes, pushctl })
          say(at)
        } catch (error) {
          if (error instanceof HostFault) throw error
          say(`${at}: not run: ${error.message}`)
          failures.push(`${work}, ${name}, round ${round}: ${error.message}`)
        }
      }
    }
    found.push(figures)
  }
  return { rounds: found, failures }
}

async function main() {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return void process.stdout.write(USAGE)
  if (options.faults.length > 0) {
    options.faults.forEach((fault) => say(`generator: ${fault}`))
    process.exitCode = 2
    return
  }
  if (process.platform !== 'linux') throw new HostFault('Linux is needed: CPU is read from /proc')
  if (availableParallelism() < 2) throw new HostFault('two cores are needed: one for each side')
  const run = {
    startedAt: new Date().toISOString(),
    command: ['node bench/generator.js', ...process.argv.slice(2)].join(' '),
    host: describeHost(),
    sizes: options.quick ? QUICK : FULL,
    isQuick: options.quick,
    ...(await measureAll(options)),
  }
  if (options.json) process.stdout.write(`${JSON.stringify(run, null, 2)}\n`)
  else process.stdout.write(renderText(run))
  if (!options.dry) {
    rewriteSection(options.out, GENERATOR_SECTION, renderMarkdown(run))
    say(`written to ${options.out}`)
  }
  process.exitCode = run.failures.length > 0 ? 1 : 0
}

try {
  await main()
} catch (error) {
  const isUsage = String(error.code).startsWith('ERR_PARSE_ARGS')
  if (!isUsage && !(error instanceof HostFault)) throw error
  say(`generator: ${error.message}`)
  process.exitCode = isUsage ? 2 : 3
}
