/**
 * What a cluster does on this host, with a Redis, two nodes and the generator on the same cores:
 * logins a second, stored pushes that come in at one node for devices of the other, and broadcasts
 * over two nodes; the same on a node of its own, in the same round, where there is something to
 * compare. Ratios are taken within a round. Needs Linux and redis-server.
 *
 *   node bench/cluster.js [--rounds 3] [--dry]
 *
 * Rewrites its section of docs/measurements.md. Exit code: 0 done, 1 a part failed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CLUSTER_SECTION, rewriteSection } from './document.js'
import { freePort } from './free-port.js'
import { describeHost } from './proc.js'
import { PUSHCTL } from './servers.js'
import { spread } from './tables.js'

const HERE = new URL('.', import.meta.url).pathname
const LOGINS = ['--mode', 'idle', '-c', '15k', '--connect-rate', '60k', '-w', '1', '-d', '1s']
const BROADCASTS = ['--mode', 'broadcast', '-c', '8k', '-R', '2', '-d', '8s']
const RATES = ['10k', '20k']
const pushesAt = (rate) => [
  ...['--mode', 'unicast', '--qos', '1', '-c', '2000', '-R', rate],
  ...['--warmup', '5s', '-d', '12s', '--message-size', '256'],
]

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    dry: { type: 'boolean', default: false },
  },
})
const say = (line) => process.stderr.write(`${line}\n`)
const children = []
const folder = mkdtempSync(join(tmpdir(), 'pushctl-cluster-'))

try {
  const redis = await freePort()
  const words = ['--port', String(redis), '--save', '', '--appendonly', 'no', '--dir', folder]
  await started('redis-server', words, 'Ready to accept connections')
  const cluster = ['--cluster', `redis://127.0.0.1:${redis}`]
  const a = await startNode('a', 1, cluster)
  const b = await startNode('b', 1, cluster)
  const alone = await startNode('alone', 1, [])
  const pair = await startNode('pair', 2, [])
  const rounds = []
  for (let round = 1; round <= Number(options.rounds); round++) {
    const figures = {
      logins: await loginsOf(a),
      loginsAlone: await loginsOf(alone),
      broadcasts: await deliveriesOf([a, b], a),
      broadcastsAlone: await deliveriesOf([pair], pair),
    }
    for (const rate of RATES) figures[rate] = await pushesOf(a, b, rate)
    rounds.push(figures)
    say(`round ${round}/${options.rounds}: ${JSON.stringify(figures)}`)
  }
  const section = render(rounds)
  process.stdout.write(`${section}\n`)
  if (!options.dry) {
    rewriteSection(join(HERE, '..', 'docs', 'measurements.md'), CLUSTER_SECTION, section)
  }
} catch (error) {
  say(`cluster: ${error.message}`)
  process.exitCode = 1
} finally {
  for (const child of children.reverse()) {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  rmSync(folder, { recursive: true })
}

async function loginsOf(node) {
  const { connections } = await bench([...LOGINS, node.tcp])
  return connections.connects_per_second
}

/** Deliveries a second: devices by the time until all of them have a broadcast. */
async function deliveriesOf(nodes, { http }) {
  const words = [...BROADCASTS, '--publish', http, ...nodes.map(({ tcp }) => tcp)]
  const { metrics, messages, connections } = await bench(words)
  if (messages.lost > 0) throw new Error(`${messages.lost} of the broadcasts were lost`)
  return connections.established / (metrics.broadcast_all.response.p50 / 1e6)
}

async function pushesOf(from, to, rate) {
  const words = [...pushesAt(rate), '--publish', from.http, to.tcp]
  const { metrics, messages, verdict } = await bench(words)
  const { p50, p99 } = metrics.push_latency.response
  const { received_per_second: perSecond, lost } = messages
  return { perSecond, lost, p50Ms: p50 / 1000, p99Ms: p99 / 1000, verdict: verdict.value }
}

async function bench(words) {
  const all = [PUSHCTL, 'bench', ...words, '--doctor', 'off', '--quiet', '--json']
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  await once(child, 'close')
  if (stdout === '') throw new Error(stderr.trim().split('\n')[0] ?? 'bench said nothing')
  const report = JSON.parse(stdout)
  if (report.error) throw new Error(report.error.message)
  return report
}

async function startNode(name, shards, more) {
  const [tcp, ws, http] = [await freePort(), await freePort(), await freePort()]
  const words = [PUSHCTL, 'serve', '--node-name', name, '--shards', String(shards), '--json']
  words.push('--tcp', `127.0.0.1:${tcp}`, '--ws', `127.0.0.1:${ws}`)
  words.push('--http', `127.0.0.1:${http}`, ...more)
  await started(process.execPath, words, '"ready"')
  return { tcp: `tcp://127.0.0.1:${tcp}`, http: `http://127.0.0.1:${http}` }
}

/** Resolves when the program has said `word`. */
async function started(command, words, word) {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  await new Promise((resolve, reject) => {
    let said = ''
    const hear = (text) => {
      said += text
      if (said.includes(word)) resolve()
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    child.once('error', () => reject(new Error(`${command} is not installed`)))
    child.once('exit', () => reject(new Error(`${command} ended: ${said.slice(0, 400)}`)))
  })
}

function render(rounds) {
  const { cpu, memoryGiB, kernel, node } = describeHost()
  const of = (read) => rounds.map(read)
  const whole = (values) => Math.round(spread(values).median).toLocaleString('en-US')
  const ratio = (values) => `${spread(values).median.toFixed(2)} ×`
  const logins = of((r) => r.logins / r.loginsAlone)
  const broadcasts = of((r) => r.broadcasts / r.broadcastsAlone)
  const pushes = RATES.map((rate) => {
    const rows = of((r) => r[rate])
    const ms = (name) => spread(rows.map((row) => row[name])).median.toFixed(1)
    const lost = rows.reduce((sum, row) => sum + row.lost, 0)
    const verdicts = rows.map(({ verdict }) => verdict).join(', ')
    const perSecond = whole(rows.map((row) => row.perSecond))
    return `| stored, handed on and acked at ${rate}/s | ${perSecond} a second, ${lost} lost; p50 ${ms('p50Ms')} ms, p99 ${ms('p99Ms')} ms (${verdicts}) |`
  })
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}. Redis, nodes and generator share the cores; ${rounds.length} interleaved rounds, medians, ratios within a round.`,
    '',
    '```',
    ['node bench/cluster.js', ...process.argv.slice(2)].join(' '),
    '```',
    '',
    '| | |',
    '|---|---|',
    `| logins a second through Redis | ${whole(of((r) => r.logins))}: ${ratio(logins)} of a node without cluster |`,
    ...pushes,
    `| broadcast deliveries a second over two nodes of one shard | ${whole(of((r) => r.broadcasts))}: ${ratio(broadcasts)} of one node of two shards |`,
  ].join('\n')
}
