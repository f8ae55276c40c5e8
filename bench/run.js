/**
 * Compares pushctl's node with its peers on the same work, in one run: server on core 0, load
 * client and this driver on core 1, a fresh server for each piece of work, and the servers take
 * turns within each round so that a change of the machine meets all of them. Only ratios within
 * one run mean something on another machine.
 *
 * Exit code: 0 done, 1 a server failed in what it was asked (it is named), 2 options, 3 this host
 * cannot do it.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { compile, HostFault } from './compile.js'
import { PEERS_SECTION, rewriteSection } from './document.js'
import { wireOf } from './frames.js'
import { LoadClient } from './load-client.js'
import { parseOptions, USAGE } from './options.js'
import { coreBusyS, cpuOf, describeHost, descriptorLimit } from './proc.js'
import { renderMarkdown, renderText } from './render.js'
import { SERVERS, startServer } from './servers.js'
import { summarise } from './summary.js'
import * as broadcast from './work/broadcast.js'
import * as connect from './work/connect.js'
import * as echo from './work/echo.js'
import * as idle from './work/idle.js'

const HERE = new URL('.', import.meta.url).pathname
const WORK = { idle, broadcast, echo, connect }
const SERVER_CORE = 0
const CLIENT_CORE = 1
/** Descriptors that a server or client needs beside its connections. */
const DESCRIPTORS_SPARE = 200

const say = (line) => process.stderr.write(`${line}\n`)

/** Cores to pin to; null where there is only one, which makes rates by the clock worthless. */
function planCores() {
  if (availableParallelism() < 2) return { server: null, client: null }
  try {
    execFileSync('taskset', ['-a', '-c', '-p', String(CLIENT_CORE), String(process.pid)], {
      stdio: 'ignore',
    })
  } catch {
    return { server: null, client: null }
  }
  return { server: SERVER_CORE, client: CLIENT_CORE }
}

function checkHost({ works, quick }) {
  if (process.platform !== 'linux')
    throw new HostFault('Linux is needed: CPU and memory are read from /proc')
  const largest = works.includes('idle')
    ? sizesOf('idle', quick).high
    : sizesOf('connect', quick).connections
  const needed = largest + DESCRIPTORS_SPARE
  if (descriptorLimit() < needed) {
    throw new HostFault(
      `${needed} descriptors are needed, the limit is ${descriptorLimit()}: try ulimit -Hn`,
    )
  }
}

function sizesOf(work, quick) {
  return quick ? WORK[work].QUICK : WORK[work].FULL
}

/** One server, one piece of work, both fresh. */
async function measureOnce({ name, work, cores, program, options }) {
  const startedMs = performance.now()
  const busyBefore = coreBusyS(cores.server)
  const { pushctl, quick } = options
  const server = await startServer(name, { core: cores.server, pushctl }).catch((error) => {
    error.atStart = true
    throw error
  })
  const client = new LoadClient({ program, core: cores.client })
  try {
    const { carrier, speaks } = SERVERS[name]
    const wire = wireOf({ carrier, speaks, port: server.port })
    await client.aim(wire, server.port)
    const sizes = sizesOf(work, quick)
    const figures = await WORK[work].measure({ server, client, wire, sizes })
    // CPU of the server's core that went to somebody else, of the whole time since its start.
    const foreignS = coreBusyS(cores.server) - busyBefore - cpuOf(server.pid).total
    return { ...figures, [`${work}Foreign`]: (foreignS * 1000) / (performance.now() - startedMs) }
  } finally {
    await client.stop()
    await server.stop()
  }
}

async function measureAll(options, cores, program) {
  const rounds = []
  const failures = []
  const absent = new Set()
  for (let round = 1; round <= options.rounds; round++) {
    const found = {}
    for (const work of options.works) {
      for (const name of options.names.filter((each) => !absent.has(each))) {
        const at = `round ${round}/${options.rounds}  ${work.padEnd(9)} ${SERVERS[name].title}`
        try {
          const figures = await measureOnce({ name, work, cores, program, options })
          found[name] = { ...found[name], ...figures }
          say(at)
        } catch (error) {
          say(`${at}: not run: ${error.message}`)
          if (error.atStart) absent.add(name)
          failures.push({
            server: name,
            ...(error.atStart ? {} : { work, round }),
            reason: error.message,
          })
        }
      }
    }
    rounds.push(found)
  }
  return { rounds, failures }
}

function peerVersions() {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'))
  const uws = dependencies['@trufflesuite/uws-js-unofficial'].replace(
    '-unofficial.0',
    ' (unofficial build)',
  )
  return `ws ${dependencies.ws}, Bun ${dependencies.bun}, uWebSockets.js ${uws}`
}

async function main() {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return void process.stdout.write(USAGE)
  if (options.faults.length > 0) {
    options.faults.forEach((fault) => say(`bench: ${fault}`))
    process.exitCode = 2
    return
  }
  checkHost(options)
  const program = compile('c-client')
  if (options.names.includes('c')) compile('c-server')
  const cores = planCores()
  if (cores.server === null) say('bench: not pinned: two cores and taskset are needed for that')
  const startedAt = new Date().toISOString()
  const { rounds, failures } = await measureAll(options, cores, program)
  const run = {
    startedAt,
    command: ['node bench/run.js', ...process.argv.slice(2)].join(' '),
    host: describeHost(),
    versions: peerVersions(),
    pinning:
      cores.server === null
        ? 'Not pinned.'
        : `Server on core ${SERVER_CORE}, client and driver on core ${CLIENT_CORE}.`,
    names: options.names,
    works: options.works,
    sizes: Object.fromEntries(
      Object.keys(WORK).map((work) => [work, sizesOf(work, options.quick)]),
    ),
    isQuick: options.quick,
    rounds,
    summary: summarise(rounds, { isJudged: !options.quick }),
    failures,
  }
  if (options.json) process.stdout.write(`${JSON.stringify(run, null, 2)}\n`)
  else process.stdout.write(renderText(run))
  const document = options.out ?? join(HERE, '..', 'docs', 'measurements.md')
  if (!options.dry) {
    rewriteSection(document, PEERS_SECTION, renderMarkdown(run))
    say(`written to ${document}`)
  }
  process.exitCode = failures.length > 0 ? 1 : 0
}

try {
  await main()
} catch (error) {
  const isUsage = String(error.code).startsWith('ERR_PARSE_ARGS')
  if (!isUsage && !(error instanceof HostFault)) throw error
  say(`bench: ${error.message}`)
  process.exitCode = isUsage ? 2 : 3
}
