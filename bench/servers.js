/**
 * The servers under comparison, one row each, and how each is started and asked. The peers obey
 * commands on stdin (peers/control.js); pushctl is driven only through what its users have:
 * `serve`, its HTTP API and the protocol.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LineProcess } from './lines.js'

const HERE = import.meta.dirname ?? new URL('.', import.meta.url).pathname
const ROOT = join(HERE, '..')
const READY_TIMEOUT_S = 15
const PUSHCTL_CONNECTIONS_MAX = 19_000

const peer = (file) => join(HERE, 'peers', file)
const C_SERVER = join(HERE, 'build', 'c-server')
export const PUSHCTL = join(ROOT, 'bin', 'pushctl.js')
const BUN = join(HERE, 'node_modules', '.bin', 'bun')

/**
 * `carrier` and `speaks` choose the bytes (frames.js). pushctl on WebSocket is the row to hold
 * against ws, Bun and uWebSockets; pushctl on TCP the row to hold against the C loop.
 */
export const SERVERS = {
  'pushctl-ws': { title: 'pushctl, WebSocket', carrier: 'ws', speaks: 'push', start: startPushctl },
  'pushctl-tcp': { title: 'pushctl, TCP', carrier: 'tcp', speaks: 'push', start: startPushctl },
  ws: {
    title: 'ws',
    carrier: 'ws',
    speaks: 'plain',
    command: [process.execPath, '--expose-gc', peer('ws-server.js')],
    start: startPeer,
  },
  bun: {
    title: 'Bun',
    carrier: 'ws',
    speaks: 'plain',
    command: [BUN, 'run', '--no-install', peer('bun-server.js')],
    start: startPeer,
  },
  uws: {
    title: 'uWebSockets.js',
    carrier: 'ws',
    speaks: 'plain',
    command: [process.execPath, '--expose-gc', peer('uws-server.js')],
    start: startPeer,
  },
  c: {
    title: 'C send loop, TCP',
    carrier: 'tcp',
    speaks: 'plain',
    command: [C_SERVER],
    start: startPeer,
  },
}

/**
 * Starts the named server on a core; throws with the reason where it cannot run here.
 * `pushctl`: the program file whose `serve` is measured.
 */
export function startServer(name, { core, pushctl }) {
  return SERVERS[name].start(SERVERS[name], { core, pushctl })
}

async function startPeer(server, { core }) {
  const [file] = server.command
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm ci in bench/`)
  const child = new LineProcess({ command: server.command, core, cwd: HERE })
  const ready = await readyLine(child)
  return {
    pid: child.pid,
    port: ready.port,
    broadcast: (bytes) => child.ask(JSON.stringify({ cmd: 'broadcast', bytes })),
    collectGarbage: () => child.ask(JSON.stringify({ cmd: 'gc' })),
    gcMsMax: async () => (await child.ask(JSON.stringify({ cmd: 'usage' }))).gcMaxMs,
    stop: () => child.stop(),
  }
}

async function startPushctl(server, { core, pushctl }) {
  const command = [process.execPath, pushctl, 'serve', '--json']
  command.push('--tcp', '127.0.0.1:0', '--ws', '127.0.0.1:0', '--http', '127.0.0.1:0')
  command.push('--shards', '1', '--max-connections', String(PUSHCTL_CONNECTIONS_MAX))
  const child = new LineProcess({ command, core, cwd: ROOT })
  const ready = await readyLine(child)
  const url = `http://${ready.http}`
  const [listener] = server.carrier === 'ws' ? ready.ws : ready.tcp
  return {
    pid: child.pid,
    port: Number(/:(\d+)\/?$/.exec(listener)[1]),
    broadcast: (bytes) => pushToAll(url, bytes),
    // A collection cannot be forced from outside, and no back door is wanted.
    collectGarbage: null,
    gcMsMax: () => readGcMsMax(url),
    stop: () => child.stop(),
  }
}

async function readyLine(child) {
  try {
    return await child.read(READY_TIMEOUT_S)
  } catch (error) {
    await child.stop()
    throw error
  }
}

async function pushToAll(url, bytes) {
  const payload64 = Buffer.alloc(bytes, 'p').toString('base64')
  const response = await fetch(`${url}/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: 'all', payload64, qos: 0, mode: 'direct' }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`POST /v1/push: ${response.status} ${JSON.stringify(answer)}`)
  return { recipients: answer.online }
}

/**
 * Longest pause of any kind, from the `gc` of GET /v1/node (pauses in µs); null where the node
 * does not know it.
 */
async function readGcMsMax(url) {
  const { gc } = await (await fetch(`${url}/v1/node`)).json()
  if (!gc?.known) return null
  const pausesUsMax = gc.kinds.map((kind) => kind.pauses.max)
  return Math.max(0, ...pausesUsMax) / 1000
}
