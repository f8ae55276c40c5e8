/**
 * What one operation of the registry takes of one Redis, by its own CPU clock and its own memory
 * count: logins, stored pushes, acks and hops, through the scripts and the client of src/cluster.
 * The server is started here, with its append-only file off, and ends with the run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './free-port.js'
import { loadSources } from './scale-sources.js'

const BATCH = 256
const UNDER_WAY = 4
const PAYLOAD = Buffer.alloc(256, 0x6d)
const NAMES = [
  'cluster/cluster-address',
  'cluster/device-registry',
  'cluster/key-names',
  'cluster/redis-link',
]

export async function measureRedis({ devices }) {
  const { parseClusterAddress, DeviceRegistry, KeyNames, RedisLink, hashText, itemOf } =
    await loadSources(NAMES)
  const port = await freePort()
  const words = ['--port', String(port), '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', words, { stdio: 'ignore' })
  try {
    const link = await openLink(RedisLink, parseClusterAddress(`redis://127.0.0.1:${port}`))
    const registry = new DeviceRegistry(link, new KeyNames('scale'), 1)
    const laterS = Math.floor(Date.now() / 1_000) + 3_600
    const hashes = Array.from({ length: devices }, (_, i) =>
      hashText(Math.imul(i, 0x9e3779b1) >>> 0, i),
    )
    const limits = { messagesMax: 1_000, bytesMax: 1 << 20 }
    const item = itemOf(laterS, 0, PAYLOAD)
    const sessions = new Array(devices)
    const rows = []
    const add = async (what, run) => rows.push(await measured(link, what, hashes, run))
    await add('login (claim)', async (some, at) => {
      const claimed = await registry.claim(
        some,
        some.map(() => 0),
      )
      claimed.forEach(({ session }, i) => {
        sessions[at + i] = session
      })
    })
    await add('stored push of 256 B', (some) =>
      registry.store(
        some,
        some.map(() => laterS),
        some.map(() => item),
        limits,
        null,
      ),
    )
    await add('ack (advance)', (some) =>
      registry.advance(
        some,
        some.map(() => 2),
        some.map(() => false),
      ),
    )
    await add('hop to a node (publish, batches of 256)', () =>
      link.publish('to:{node-1}', Buffer.alloc(BATCH * 280)),
    )
    await add('logout (release)', (some, at) =>
      registry.release(some, sessions.slice(at, at + some.length)),
    )
    await link.close()
    return { devices, rows }
  } finally {
    server.kill()
    await once(server, 'exit')
  }
}

async function measured(link, what, hashes, run) {
  const before = await readServer(link)
  const startMs = performance.now()
  let next = 0
  const lane = async () => {
    while (next < hashes.length) {
      const at = next
      next += BATCH
      await run(hashes.slice(at, at + BATCH), at)
    }
  }
  await Promise.all(Array.from({ length: UNDER_WAY }, lane))
  const seconds = (performance.now() - startMs) / 1_000
  const after = await readServer(link)
  return {
    what,
    cpuUs: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / hashes.length,
    bytes: (after.bytes - before.bytes) / hashes.length,
    perSecond: hashes.length / seconds,
  }
}

async function readServer(link) {
  const text = String(await link.command('INFO'))
  const number = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)[1])
  return {
    cpuSeconds: number('used_cpu_user') + number('used_cpu_sys'),
    bytes: number('used_memory') - number('mem_clients_normal'),
  }
}

async function openLink(RedisLink, address) {
  for (let tries = 0; ; tries++) {
    try {
      return await RedisLink.open(address, 'scale')
    } catch (error) {
      if (tries === 20) throw error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}
