import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command as listenCommand } from '../../src/commands/listen.ts'
import { command as pushCommand } from '../../src/commands/push.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import type { NodeDescription } from '../../src/server/node-control.ts'
import { type CommandRun, startCommand, untilWritten } from '../commands/command-run.ts'
import { BatchClient } from '../server/http/batch-client.ts'

const SECRET = 'a secret of thirty-two bytes or more'
const ADMIN_TOKEN = 'c3VmZmljaWVudGx5LWxvbmc='

/** A node of the built package in a process of its own. */
class RunningNode {
  tcp = ''
  ws = ''
  http = ''
  readonly #child: ChildProcess
  readonly ended: Promise<number | null>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.ended = once(child, 'exit').then(([code]) => code as number | null)
  }

  static async start(words: readonly string[]): Promise<RunningNode> {
    const bin = join(packageRoot(), 'bin', 'pushctl.js')
    const listeners = ['--tcp', '127.0.0.1:0', '--ws', '127.0.0.1:0', '--http', '127.0.0.1:0']
    const child = spawn(process.execPath, [bin, 'serve', '--json', ...listeners, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    })
    const node = new RunningNode(child)
    let notes = ''
    child.stderr?.on('data', (text) => {
      notes += text
    })
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    for await (const line of lines) {
      const ready = JSON.parse(line) as { tcp: string[]; ws: string[]; http: string }
      node.tcp = withScheme('tcp', ready.tcp[0])
      node.ws = `${withScheme('ws', ready.ws[0])}/`
      node.http = withScheme('http', ready.http)
      return node
    }
    throw new Error(`the node did not start: ${notes}`)
  }

  terminate(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.ended
  }
}

function withScheme(scheme: string, address: string): string {
  return address.includes('://') ? address.replace(/\/$/, '') : `${scheme}://${address}`
}

function run(command: unknown, words: readonly string[], env?: Record<string, string>): CommandRun {
  return startCommand(command as AnyCommand, words, env)
}

async function listening(words: readonly string[], env?: Record<string, string>) {
  const started = run(listenCommand, words, env)
  await untilWritten(started, 'stderr', 'connected as')
  return started
}

async function push(node: RunningNode, words: readonly string[], env?: Record<string, string>) {
  const started = run(pushCommand, ['--node', node.http, '--json', ...words], env)
  const code = await started.ended
  const out = started.host.out()
  return { code, outcome: out === '' ? null : JSON.parse(out), err: started.host.err() }
}

const CARRIERS = [
  ['tcp', []],
  ['ws', []],
  ['ws', ['--readable']],
] as const

describe.each(['epoll', 'node'])('push and listen through a node on the %s engine', (engine) => {
  let node: RunningNode
  beforeAll(async () => {
    node = await RunningNode.start(['--engine', engine, '--shards', '2'])
  })
  afterAll(async () => {
    expect(await node.terminate()).toBe(0)
  })

  it.each(CARRIERS)('pushes reach one device over %s %j', async (carrier, words) => {
    const name = `device-${carrier}-${words.length}`
    const more = ['--device', name, '--count', '3', '--json', ...words]
    const device = await listening([node[carrier], ...more])
    const texts = ['héllo "you"', '', '\u0001'.repeat(60_000)]
    for (const text of texts) {
      const { outcome } = await push(node, ['--to', name, '--to', 'nobody', text])
      expect(outcome).toMatchObject({ stored: 0, online: 1 })
    }
    expect(await device.ended).toBe(0)
    const lines = device.host.out().trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).payload)).toEqual(texts)
  })

  it('a tag reaches those who have it, --all reaches all', async () => {
    const news = await listening([node.tcp, '--device', 'n1', '--tag', 'news', '--count', '2'])
    const other = await listening([node.ws, '--device', 'n2', '--count', '1'])
    expect((await push(node, ['--tag', 'news', 'for some'])).outcome.online).toBe(1)
    expect((await push(node, ['--all', 'for all'])).outcome.online).toBe(2)
    expect([await news.ended, await other.ended]).toEqual([0, 0])
    expect(news.host.out()).toMatch(/for some\n.*for all\n$/)
    expect(other.host.out()).toMatch(/for all\n$/)
  })

  it('the newer connection of a device wins, and a kick is final', async () => {
    const older = await listening([node.tcp, '--device', 'twin'])
    const newer = await listening([node.ws, '--device', 'twin'])
    expect(await older.ended).toBe(4)
    expect(older.host.err()).toContain('4001 replaced')
    const state = await fetch(`${node.http}/v1/devices/twin`).then((answer) => answer.json())
    expect(state).toMatchObject({ deviceId: 'twin', online: true, carrier: 'push.v1' })
    const kick = await fetch(`${node.http}/v1/devices/twin`, { method: 'DELETE' })
    expect(kick.status).toBe(204)
    expect(await newer.ended).toBe(4)
    expect(newer.host.err()).toContain('4002 kicked')
    expect((await fetch(`${node.http}/v1/devices/twin`)).status).toBe(404)
  })

  it('a batch stream delivers each line in order', async () => {
    const device = await listening([node.tcp, '--device', 'b', '--count', '500'])
    const batch = await BatchClient.open(Number(new URL(node.http).port))
    const lines = Array.from({ length: 500 }, (_, index) =>
      JSON.stringify({ to: ['b'], payload: `line ${index}` }),
    )
    batch.send(`${lines.join('\n')}\n`)
    batch.end()
    const answers = (await batch.rest()).trim().split('\n')
    expect(answers.map((answer) => JSON.parse(answer).online)).toEqual(lines.map(() => 1))
    expect(await device.ended).toBe(0)
    const received = [...device.host.out().matchAll(/ {2}line (\d+)\n/g)].map(([, at]) =>
      Number(at),
    )
    expect(received).toEqual(lines.map((_, index) => index))
  })

  it('the API shows the node as it is', async () => {
    const device = await listening([node.tcp, '--device', 'seen'])
    const described = (await (await fetch(`${node.http}/v1/node`)).json()) as NodeDescription
    expect(described).toMatchObject({ state: 'ready', counters: { devicesOnline: 1 } })
    expect(described.shards.map((shard) => shard.engine)).toContain(engine)
    const metrics = await fetch(`${node.http}/metrics`).then((answer) => answer.text())
    expect(metrics).toContain('\npushctl_devices_online 1\n')
    expect((await fetch(`${node.http}/readyz`)).status).toBe(200)
    device.host.interrupt('SIGINT')
    expect(await device.ended).toBe(0)
  })
})

describe('a node with device auth and an admin token', () => {
  let folder: string
  let node: RunningNode
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'push-listen-'))
    const secret = join(folder, 'secret')
    const token = join(folder, 'token')
    await writeFile(secret, SECRET, { mode: 0o600 })
    await writeFile(token, ADMIN_TOKEN, { mode: 0o600 })
    node = await RunningNode.start(['--auth-secret-file', secret, '--admin-token-file', token])
  })
  afterAll(async () => {
    await node.terminate()
    await rm(folder, { recursive: true })
  })

  it('lets in the device that its token names, and nobody else', async () => {
    const exp = Math.floor(Date.now() / 1000) + 600
    const jwt = await new SignJWT({ sub: 'phone-1', exp })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(SECRET))
    const env = { PUSHCTL_DEVICE_TOKEN: jwt }
    const device = await listening([node.tcp, '--device', 'phone-1', '--count', '1'], env)
    for (const target of [node.tcp, node.ws]) {
      const thief = run(listenCommand, [target, '--device', 'phone-2'], env)
      expect(await thief.ended).toBe(4)
      expect(thief.host.err()).toContain('4003 ')
      const stranger = run(listenCommand, [target, '--device', 'phone-1'])
      expect(await stranger.ended).toBe(4)
    }
    const refused = await push(node, ['--to', 'phone-1', 'x'])
    expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('admin token')])
    const admin = { PUSHCTL_ADMIN_TOKEN: ADMIN_TOKEN }
    expect((await push(node, ['--to', 'phone-1', 'x'], admin)).outcome.online).toBe(1)
    expect(await device.ended).toBe(0)
  })
})

describe('a node with payload keys', () => {
  /** The master is 00 01 … 1f; the key is that of docs/protocol.md for "phone-7". */
  const MASTER = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
  const KEY = '5ed96e034d76f41571411dcdb1de9fe390196aae1eca7501e2b2a256c06670a4'
  let folder: string
  let node: RunningNode
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'push-sealed-'))
    await writeFile(join(folder, 'masters'), `2 ${MASTER}\n`, { mode: 0o600 })
    await writeFile(join(folder, 'key'), `2 ${KEY}\n`, { mode: 0o600 })
    await writeFile(join(folder, 'wrong'), `2 ${MASTER}\n`, { mode: 0o600 })
    node = await RunningNode.start(['--payload-key-file', join(folder, 'masters')])
  })
  afterAll(async () => {
    await node.terminate()
    await rm(folder, { recursive: true })
  })

  it('seals what a device listens to that has its key, stored or not', async () => {
    for (const target of [node.tcp, node.ws]) {
      const words = [target, '--device', 'phone-7', '--count', '2']
      const device = await listening([...words, '--payload-key-file', join(folder, 'key')])
      await push(node, ['--to', 'phone-7', 'goal!'])
      await push(node, ['--to', 'phone-7', '--qos', '1', 'stored goal!'])
      expect(await device.ended).toBe(0)
      expect(device.host.out()).toMatch(/  goal!\n.*  stored goal!\n/)
    }
  })

  it('is left by a device whose key does not open what comes', async () => {
    const words = [node.tcp, '--device', 'phone-7', '--payload-key-file', join(folder, 'wrong')]
    const device = await listening(words)
    await push(node, ['--to', 'phone-7', 'goal!'])
    expect(await device.ended).toBe(4)
    expect(device.host.out()).toBe('')
    expect(device.host.err()).toContain('a payload that the key does not open')
  })
})

it('a node that is told to go sends its devices away and ends with 0', async () => {
  const node = await RunningNode.start([])
  const device = await listening([node.tcp, '--device', 'a'])
  expect(await node.terminate()).toBe(0)
  await untilWritten(device, 'stderr', 'connecting to')
  expect(device.host.err()).toMatch(/4[23]0\d /)
  device.host.interrupt('SIGINT')
  expect(await device.ended).toBe(0)
})
