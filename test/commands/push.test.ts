import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { command } from '../../src/commands/push.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { TestServer } from '../server/http/test-server.ts'
import { startCommand } from './command-run.ts'

const TOKEN = 'c3VmZmljaWVudGx5LWxvbmc='
let server: TestServer
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'push-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function push(
  words: readonly string[],
  given: { env?: Record<string, string>; stdin?: string; node?: string } = {},
): Promise<Ended> {
  const node = given.node ?? server.origin
  const run = startCommand(command as AnyCommand, [...words, '--node', node], given.env)
  run.stdin.end(given.stdin ?? '')
  const code = await run.ended
  return { code, out: run.host.out(), err: run.host.err() }
}

describe('pushctl push', () => {
  beforeEach(async () => {
    server = await TestServer.start()
    server.node.connect('phone-1', ['news'])
    server.node.connect('phone-2')
  })
  afterEach(() => server.stop())

  const payloads = () => server.node.pushes.map((each) => Buffer.from(each.payload).toString())

  it('pushes a word to named devices and says how many are online', async () => {
    const ended = await push(['--to', 'phone-1', '--to', 'gone', 'hé "you"'])
    expect(ended).toEqual({
      code: 0,
      out: 'push p1: 2 devices addressed, sent to 1 online\n',
      err: '',
    })
    expect(payloads()).toEqual(['hé "you"'])
  })

  it('pushes to a tag and to all, from stdin and from a file, byte for byte', async () => {
    const file = join(folder, 'payload')
    await writeFile(file, Buffer.from([0, 255, 10]))
    expect((await push(['--all', '--file', file])).out).toContain('sent to 2 online')
    expect((await push(['--tag', 'news', '--file', '-'], { stdin: 'story\n' })).code).toBe(0)
    expect(server.node.pushes).toEqual([
      { to: { kind: 'all' }, payload: Uint8Array.from([0, 255, 10]) },
      { to: { kind: 'tag', tag: 'news' }, payload: Uint8Array.from(Buffer.from('story\n')) },
    ])
  })

  it('prints one JSON document with --json', async () => {
    const { out } = await push(['--to', 'phone-1', 'x', '--json'])
    expect(JSON.parse(out)).toEqual({
      schema: 'pushctl.push/1',
      node: `${server.origin}/`,
      accepted: 1,
      stored: 0,
      online: 1,
      pushId: 'p1',
    })
  })

  it.each([
    [['x'], 'one of --to, --tag and --all is needed, got none'],
    [['--to', 'a', '--all', 'x'], 'one of --to, --tag and --all is needed, got 2'],
    [['--to', 'a'], 'a payload is needed as a word or as --file, got neither'],
    [['--to', 'a', '--file', '-', 'x'], 'a payload is needed as a word or as --file, got both'],
    [['--to', 'a', 'x', '--mode', 'lazy'], '--mode lazy needs --qos 1'],
    [['--all', 'x', '--qos', '1', '--wait'], '--wait needs --to'],
    [['--tag', 't', 'x', '--qos', '1', '--mode', 'lazy'], '--mode lazy needs --to'],
    [['--to', 'a', 'x', '--ttl', '1h'], '--ttl needs --qos 1'],
    [['--to', 'a', 'x', '--wait'], '--wait needs --qos 1'],
    [['--to', 'a', 'x', '--qos', '2'], '--qos'],
    [['--to', 'a', '--file', '/nowhere/payload'], 'ENOENT'],
  ])('%j is refused before anything is sent', async (words, message) => {
    const { code, err } = await push(words)
    expect([code, server.node.pushes]).toEqual([2, []])
    expect(err).toContain(message)
  })

  it('stores with --qos 1, and with --wait prints what became of it', async () => {
    const receipt = { accepted: 1, stored: 1, online: 1, sent: 1, acked: 1, expired: 0, trimmed: 0 }
    server.node.receipts.set('p1', receipt)
    const stored = ['--qos', '1', '--ttl', '90s', '--mode', 'notify', '--id', 'k', '--wait']
    const ended = await push(['--to', 'phone-1', 'x', ...stored])
    expect([ended.code, ended.out]).toEqual([0, 'acked by 1 of 1\n'])
    expect(ended.err).toContain('push p1: stored for 1 device, 1 online')
    expect(server.node.pushes[0]).toMatchObject({
      stored: { ttlSeconds: 90, mode: 'NOTIFY' },
      id: 'k',
    })
    server.node.receipts.set('p2', { ...receipt, acked: 0, expired: 1 })
    const late = await push(['--to', 'phone-1', 'x', '--qos', '1', '--wait'])
    expect([late.code, late.out]).toEqual([4, 'acked by 0 of 1, 1 expired, 0 trimmed\n'])
  })

  it('refuses a file that no frame could carry', async () => {
    const file = join(folder, 'large')
    await writeFile(file, Buffer.alloc(70_000))
    const { code, err } = await push(['--all', '--file', file])
    expect(code).toBe(2)
    expect(err).toContain('a payload may have at most 65536 bytes')
  })

  it('shows what the node said when it refuses', async () => {
    const { code, err } = await push(['--to', 'x'.repeat(200), 'x'])
    expect(code).toBe(4)
    expect(err).toContain('refused the push (400 bad-field): to[0] must be a device id of 1-128')
  })
})

describe('pushctl push to a node with an admin token', () => {
  beforeEach(async () => {
    server = await TestServer.start({ adminToken: TOKEN })
  })
  afterEach(() => server.stop())

  it('gives the token from a file or from the environment', async () => {
    const file = join(folder, 'token')
    await writeFile(file, `${TOKEN}\n`, { mode: 0o600 })
    expect((await push(['--all', 'x', '--admin-token-file', file])).code).toBe(0)
    expect((await push(['--all', 'x'], { env: { PUSHCTL_ADMIN_TOKEN: TOKEN } })).code).toBe(0)
  })

  it('says how to give it when it is missing or wrong', async () => {
    const { code, err } = await push(['--all', 'x'])
    expect(code).toBe(4)
    expect(err.replace(server.origin, 'ORIGIN')).toMatchInlineSnapshot(`
      "pushctl push: ORIGIN needs its admin token, got none
        try  --admin-token-file FILE
             or PUSHCTL_ADMIN_TOKEN in the environment
      "
    `)
    const wrong = 'not-the-token-of-it'
    const other = await push(['--all', 'x'], { env: { PUSHCTL_ADMIN_TOKEN: wrong } })
    expect(other.err).toContain('needs its admin token, got another one')
    expect(other.err).not.toContain(wrong)
  })
})

describe('pushctl push to what is no node', () => {
  it('says that nobody is there', async () => {
    const { code, err } = await push(['--all', 'x'], { node: 'http://127.0.0.1:1' })
    expect(code).toBe(4)
    expect(err).toMatchInlineSnapshot(`
      "pushctl push: the node must be reachable at http://127.0.0.1:1, got ECONNREFUSED
        try  pushctl serve
             --node http://HOST:PORT, the http address that serve prints
      "
    `)
  })

  it.each<[string, RequestListener]>([
    ['a page', (_request, response) => response.end('<html>')],
    ['an error page', (_request, response) => response.writeHead(502).end('bad gateway')],
    ['JSON of somebody else', (_request, response) => response.end('{"accepted":"yes"}')],
    ['null', (_request, response) => response.end('null')],
    ['no end', (_request, response) => void endless().pipe(response)],
  ])('says that %s is not the answer of a node', async (_what, listener) => {
    const peer = createServer(listener).listen(0, '127.0.0.1')
    await once(peer, 'listening')
    const { code, err } = await push(['--all', 'x'], { node: urlOf(peer) })
    expect(code).toBe(4)
    expect(err).toContain('must answer like a pushctl node, got ')
    peer.closeAllConnections()
    peer.close()
  })

  it('says that a peer which does not speak HTTP is no node', async () => {
    const peer = createTcpServer((socket) => socket.end('garbage\n')).listen(0, '127.0.0.1')
    await once(peer, 'listening')
    const { code, err } = await push(['--all', 'x'], { node: urlOf(peer) })
    expect([code, err]).toEqual([4, expect.stringContaining('must answer like a pushctl node')])
    peer.close()
  })

  it('stops at Ctrl-C while it waits for an answer', async () => {
    const peer = createServer().listen(0, '127.0.0.1')
    await once(peer, 'listening')
    const run = startCommand(command as AnyCommand, ['--all', 'x', '--node', urlOf(peer)])
    await once(peer, 'request')
    run.host.interrupt('SIGINT')
    expect(await run.ended).toBe(130)
    peer.close()
  })
})

function endless(): Readable {
  const block = Buffer.alloc(65_536, 'x')
  return new Readable({
    read() {
      this.push(block)
    },
  })
}

function urlOf(peer: Pick<Server, 'address'>): string {
  return `http://127.0.0.1:${(peer.address() as AddressInfo).port}`
}
