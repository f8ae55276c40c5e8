import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { isAlive } from './bench-process.ts'
import { IndependentDevice } from './independent-device.ts'
import { ServeProcess, until } from './serve-process.ts'

const ENGINES = EpollEngine.isAvailable() ? ['epoll', 'node'] : ['node']
const SECRET = 'a secret of thirty-two bytes or more'

const nodes: ServeProcess[] = []
const devices: IndependentDevice[] = []
let folder: string | undefined

async function serve(...words: readonly string[]): Promise<ServeProcess> {
  const node = await ServeProcess.start(...words)
  nodes.push(node)
  return node
}

/** A node that must not start. */
async function refused(...words: readonly string[]) {
  const node = new ServeProcess(words)
  nodes.push(node)
  const { status, stdout, stderr } = await node.ended
  expect(stdout).toBe('')
  return { status, stderr }
}

async function device(node: ServeProcess, id: string, token = '', tags: string[] = []) {
  const opened = new IndependentDevice(node.tcp)
  devices.push(opened)
  opened.hello(id, token, tags)
  await until(() => opened.welcome !== null || opened.isClosed)
  return opened
}

async function file(name: string, content: string): Promise<string> {
  folder ??= await mkdtemp(join(tmpdir(), 'serve-'))
  const path = join(folder, name)
  await writeFile(path, content, { mode: 0o600 })
  return path
}

afterEach(async () => {
  for (const each of devices.splice(0)) each.destroy()
  await Promise.all(nodes.splice(0).map((node) => node.kill()))
  if (folder) await rm(folder, { recursive: true })
  folder = undefined
})

describe.each(ENGINES)('pushctl serve --engine %s, with an independent device', (engine) => {
  it('welcomes it, pushes to it, answers its pings and kicks it', async () => {
    const node = await serve('--engine', engine, '--heartbeat', '60s..90s')
    expect(node.ready).toMatchObject({ event: 'ready', engine })
    expect(node.stderr).toMatch(
      /^tcp {3}127\.0\.0\.1:\d+\nws {4}127\.0\.0\.1:\d+\nhttp .*\nready\n/m,
    )
    const phone = await device(node, 'téléphone', '', ['news'])
    expect(phone.welcome).toMatchObject({ heartbeatSeconds: 90 })
    expect(Math.abs(phone.welcome!.serverTimeMs - Date.now())).toBeLessThan(60_000)
    const state = await (await fetch(node.url('/v1/devices/t%C3%A9l%C3%A9phone'))).json()
    expect(state).toMatchObject({ sessionId: phone.welcome!.sessionId, network: 'wired' })
    expect(await node.push({ to: ['téléphone'], payload: 'héllo' })).toMatchObject({ online: 1 })
    expect(await node.push({ to: { tag: 'news' }, payload: 'news' })).toMatchObject({ online: 1 })
    expect(await node.push({ to: 'all', payload: 'x'.repeat(30_000) })).toMatchObject({ online: 1 })
    phone.ping()
    await until(() => phone.pongs === 1 && phone.messages.length === 3)
    expect(phone.messages).toEqual([
      { seq: 0, text: 'héllo' },
      { seq: 0, text: 'news' },
      { seq: 0, text: 'x'.repeat(30_000) },
    ])
    const kick = await fetch(node.url('/v1/devices/t%C3%A9l%C3%A9phone'), { method: 'DELETE' })
    expect(kick.status).toBe(204)
    await until(() => phone.isClosed)
    expect(phone.bye).toEqual({ code: 4002, reason: 'kicked', retryAfterMs: 0, addresses: [] })
    expect(phone.isEnded).toBe(true)
  })

  it('on SIGTERM is not ready first, then sends its devices away, then ends with 0', async () => {
    const node = await serve('--engine', engine, '--drain-rate', '2/s')
    const phones = await Promise.all(['a', 'b', 'c', 'd'].map((id) => device(node, id)))
    node.child.kill('SIGTERM')
    await until(async () => (await fetch(node.url('/readyz'))).status === 503)
    expect(phones.filter((phone) => phone.bye !== null).length).toBeLessThan(phones.length)
    const { status, stderr } = await node.ended
    await until(() => phones.every((phone) => phone.isClosed))
    expect(phones.map((phone) => [phone.bye?.code, phone.isEnded])).toEqual(
      phones.map(() => [4202, true]),
    )
    expect([status, stderr]).toEqual([0, expect.stringContaining('stopping: SIGTERM')])
  })
})

describe('pushctl serve', () => {
  it('ends at once on a second signal', async () => {
    const node = await serve('--drain-rate', '0.1/s')
    // Each shard sends its first device away at once, so there must be more of them than shards.
    const phones = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((id) => device(node, id)),
    )
    node.child.kill('SIGINT')
    await until(() => node.stderr.includes('stopping'))
    node.child.kill('SIGINT')
    expect((await node.ended).status).toBe(130)
    await until(() => phones.every((phone) => phone.isClosed))
  })

  it('refuses a port in use, with one shard and with two, and names it', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const free = '127.0.0.1:0'
    const busy = `127.0.0.1:${port}`
    const [one, two, http] = await Promise.all([
      refused('--tcp', busy, '--ws', free, '--http', free, '--shards', '1'),
      refused('--tcp', free, '--ws', busy, '--http', free, '--shards', '2'),
      refused('--tcp', free, '--ws', free, '--http', busy),
    ])
    server.close()
    for (const { status, stderr } of [one, two, http]) {
      expect(stderr).toContain(busy)
      expect([status, stderr]).toEqual([3, expect.stringMatching(/^pushctl serve: /m)])
    }
  })

  it('refuses to be open beyond loopback, and files that it can not read', async () => {
    const local = ['--tcp', '127.0.0.1:0', '--http', '127.0.0.1:0']
    const [open, cert, twice] = await Promise.all([
      refused(...local, '--ws', '0.0.0.0:0'),
      refused(...local, '--ws', 'wss://127.0.0.1:0', '--cert', '/no/cert', '--key', '/no/key'),
      refused(...local, '--ws', 'wss://0.0.0.0:0', '--engine', 'epoll', '--tcp', 'nonsense'),
    ])
    expect([open.status, open.stderr]).toEqual([2, expect.stringContaining('0.0.0.0')])
    expect([cert.status, cert.stderr]).toEqual([2, expect.stringContaining('/no/cert')])
    expect(cert.stderr).toContain('/no/key')
    // All faults at once.
    expect(twice.status).toBe(2)
    for (const part of ['--cert', '--key', '--engine', 'nonsense']) {
      expect(twice.stderr).toContain(part)
    }
  })

  it('lets in who has a good token, and says 4003 to others', async () => {
    const node = await serve('--auth-secret-file', await file('secret', SECRET))
    const exp = Math.floor(Date.now() / 1000) + 600
    const jwt = await new SignJWT({ sub: 'phone', exp })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(SECRET))
    const [good, thief, stranger] = await Promise.all([
      device(node, 'phone', jwt),
      device(node, 'other', jwt),
      device(node, 'phone', `${jwt.slice(0, -4)}AAAA`),
    ])
    expect(good.welcome).not.toBeNull()
    expect([thief.bye?.code, stranger.bye?.code]).toEqual([4003, 4003])
    expect((await node.describe()).counters.hellosRefused).toEqual({ unauthorized: 2 })
  })

  it('sends one more than --max-connections away, and takes it when one left', async () => {
    const node = await serve('--max-connections', '5', '--shards', '2')
    const phones = await Promise.all([1, 2, 3, 4, 5].map((id) => device(node, `phone-${id}`)))
    const sixth = await device(node, 'phone-6')
    expect(sixth.bye).toMatchObject({ code: 4103, reason: 'node-full' })
    expect(sixth.bye!.retryAfterMs).toBeGreaterThanOrEqual(5_000)
    phones[0]!.destroy()
    await until(async () => (await node.describe()).counters.devicesOnline === 4)
    expect((await device(node, 'phone-7')).welcome).not.toBeNull()
  })

  it('goes on when a shard process is killed, and says so', async () => {
    const node = await serve('--shards', '2', '--shard-kind', 'process')
    const phones = await Promise.all(
      Array.from({ length: 16 }, (_, index) => device(node, `phone-${index}`)),
    )
    const { shards } = await node.describe()
    expect(shards.map(({ kind }) => kind)).toEqual(['process', 'process'])
    expect(new Set([...shards.map(({ pid }) => pid), node.child.pid]).size).toBe(3)
    const [victim, survivor] = shards.toSorted((a, b) => a.devicesOnline - b.devicesOnline)
    process.kill(victim!.pid, 'SIGKILL')
    await until(() => node.stderr.includes(`shard ${victim!.index} is lost (SIGKILL)`))
    await until(() => phones.filter(({ isClosed }) => isClosed).length === victim!.devicesOnline)
    const after = await node.describe()
    expect(after.shards[victim!.index]).toMatchObject({ state: 'down', connectionsOpen: 0 })
    expect(after.counters.devicesOnline).toBe(survivor!.devicesOnline)
    expect(await node.push({ to: 'all', payload: 'x' })).toMatchObject({
      online: survivor!.devicesOnline,
    })
    expect((await device(node, 'new')).welcome).not.toBeNull()
    expect((await fetch(node.url('/readyz'))).status).toBe(200)
    await until(() => node.stderr.includes(`shard ${victim!.index} is back`))
    expect((await node.describe()).shards[victim!.index]).toMatchObject({
      state: 'up',
      restarts: 1,
    })
  })

  it('leaves no shard process behind, however it ends', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const node = await serve('--shards', '2', '--shard-kind', 'process')
      const phone = await device(node, 'phone')
      const pids = (await node.describe()).shards.map(({ pid }) => pid)
      expect(pids.map(isAlive)).toEqual([true, true])
      node.child.kill(signal)
      await node.ended
      await until(() => !pids.some(isAlive))
      await until(() => phone.isClosed)
    }
  })
})
