/**
 * What the keys of a cluster weigh in Redis (docs/cluster.md): per online device, per device with a
 * cursor, per stored message, per idempotency key, as Redis counts its own memory. It starts its
 * own redis-server, which ends with the run.
 *
 *   node bench/cluster-memory.js [devices]        default 50,000
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './free-port.js'
import { loadSources } from './scale-sources.js'

const devices = Number(process.argv[2] ?? 50_000)
const PAYLOAD_BYTES = 256
const STEP = 1_024
const NAMES = ['cluster-address', 'device-registry', 'key-names', 'redis-link']
const sources = await loadSources(NAMES.map((name) => `cluster/${name}`))
const { parseClusterAddress, DeviceRegistry, KeyNames, RedisLink, hashText, itemOf } = sources

const port = await freePort()
const words = ['--port', String(port), '--save', '', '--appendonly', 'no']
const server = spawn('redis-server', words, { stdio: 'ignore' })
const link = await connected(`redis://127.0.0.1:${port}`)
const registry = new DeviceRegistry(link, new KeyNames('pushctl'), 217_000_000)
const hashes = Array.from({ length: devices }, (_, i) =>
  hashText(Math.imul(i + 1, 0x9e3779b1) >>> 0, i),
)
const laterS = Math.floor(Date.now() / 1_000) + 3_600
const limits = { messagesMax: 1_000, bytesMax: 4 << 20 }
const item = itemOf(laterS, 0, Buffer.alloc(PAYLOAD_BYTES, 0x6d))
const rows = []

await add('a device that is online', (some) =>
  registry.claim(
    some,
    some.map(() => 0),
  ),
)
await add(`its first stored message of ${PAYLOAD_BYTES} B`, (some) => store(some, null))
await add('each further one', (some) => store(some, null))
await add('an idempotency key and a message', (some) => store(some, 'order-4711-2026-11-21'))
const before = await usedBytes()
await eachStep((some) =>
  registry.advance(
    some,
    some.map(() => 4),
    some.map(() => false),
  ),
)
rows.push([
  'given back by the ack of all three',
  Math.round((before - (await usedBytes())) / devices),
])
for (const [what, bytes] of rows) process.stdout.write(`${what.padEnd(40)}${bytes} B\n`)
await link.close()
server.kill()
await once(server, 'exit')

async function add(what, run) {
  const bytes = await usedBytes()
  await eachStep(run)
  rows.push([what, Math.round(((await usedBytes()) - bytes) / devices)])
}

async function eachStep(run) {
  for (let at = 0; at < devices; at += STEP) {
    const answers = await run(hashes.slice(at, at + STEP))
    const failed = answers.find((answer) => answer instanceof Error)
    if (failed) throw failed
  }
}

function store(some, onceId) {
  const laters = some.map(() => laterS)
  const items = some.map(() => item)
  return registry.store(some, laters, items, limits, onceId && some.map(() => onceId))
}

/** All that Redis has allocated, tables and fragments of its allocator's classes included. */
async function usedBytes() {
  const [text] = await link.serverTexts()
  return Number(/used_memory:(\d+)/.exec(text)[1])
}

async function connected(url) {
  for (let tries = 0; ; tries++) {
    try {
      return await RedisLink.open(parseClusterAddress(url), 'memory')
    } catch (error) {
      if (tries > 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
