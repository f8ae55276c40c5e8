import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { BYE } from '../../src/protocol/frame-types.ts'
import { DevicePeer, upgradeHead } from '../server/device-peer.ts'
import { ServeProcess, until } from './serve-process.ts'

let node: ServeProcess | undefined
const peers: DevicePeer[] = []

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy()
  await node?.kill()
})

async function start(...words: readonly string[]): Promise<ServeProcess> {
  node = await ServeProcess.start('--shards', '1', ...words)
  return node
}

function ports() {
  const portOf = (address: string) => Number(address.slice(address.lastIndexOf(':') + 1))
  return { tcpPort: portOf(node!.ready.tcp[0]!), wsPort: portOf(node!.ready.ws[0]!) }
}

async function metrics(): Promise<string> {
  return (await fetch(node!.url('/metrics'))).text()
}

describe('a storm beyond --max-connect-rate', () => {
  it('is let in at that rate, one after the other, and nobody is refused', async () => {
    await start('--max-connect-rate', '100')
    const startedMs = performance.now()
    for (let index = 0; index < 150; index++) {
      const peer = new DevicePeer('tcp', ports())
      peers.push(peer)
      peer.send({ type: 'HELLO', deviceId: `device-${index}` })
    }
    await Promise.all(peers.map((peer) => peer.until('WELCOME')))
    // Ten at once and a hundred a second: no clock in the world makes that faster.
    expect(performance.now() - startedMs).toBeGreaterThan(1_300)
    const { counters, load } = await node!.describe()
    expect([counters.refusals, counters.hellosRefused]).toEqual([{}, {}])
    expect(load).toMatchObject({ level: 0, connectsPerSecondMax: 100 })
  })
})

describe('a node beyond its --memory-limit', () => {
  it('keeps its devices, refuses new ones with 4100, and says so everywhere', async () => {
    // An empty node needs more than the smallest limit.
    await start('--memory-limit', '64MiB')
    await until(async () => (await fetch(node!.url('/readyz'))).status === 503)
    const answer = (await (await fetch(node!.url('/readyz'))).json()) as { detail: string }
    expect(answer.detail).toMatch(/^overloaded: memory \d+(\.\d+)? MiB of 64 MiB$/)
    const peer = new DevicePeer('push.v1', ports())
    peers.push(peer)
    peer.raw(upgradeHead('push.v1'))
    await until(() => peer.status === 101)
    peer.send({ type: 'HELLO', deviceId: 'a' })
    expect(await peer.bye()).toMatchObject({ type: 'BYE', code: BYE.OVERLOADED })
    const refused = (await node!.push({ to: 'all', payload: 'x' })) as { status: number }
    expect(refused.status).toBe(503)
    expect(await node!.push({ to: ['a'], payload: 'x' })).toMatchObject({ accepted: 1 })
    const { load } = await node!.describe()
    expect(load).toMatchObject({ level: 3, shards: [{ index: 0, level: 3 }] })
    const text = await metrics()
    expect(text).toContain('pushctl_load_level 3')
    expect(text).toContain('pushctl_ready 0')
    expect(text).toMatch(/pushctl_refusals_total\{reason="broadcast-overloaded"\} 1/)
  })
})

describe('a device that is cut off', () => {
  it('goes on with its session where it is back within --resume-grace', async () => {
    const join = async () => {
      const peer = await DevicePeer.join('tcp', ports(), 'a')
      peers.push(peer)
      return peer.of('WELCOME')[0]!
    }
    await start()
    const first = await join()
    peers[0]!.socket.resetAndDestroy()
    await until(async () => (await node!.describe()).counters.devicesOnline === 0)
    expect(await join()).toMatchObject({ flags: 1, sessionId: first['sessionId'] })
    await node!.kill()
    await start('--resume-grace', '0')
    const anew = await join()
    peers.at(-1)!.socket.resetAndDestroy()
    await until(async () => (await node!.describe()).counters.devicesOnline === 0)
    const again = await join()
    expect(again['flags']).toBe(0)
    expect(again['sessionId']).not.toBe(anew['sessionId'])
  })
})

describe('addresses', () => {
  it('are those of a trusted balancer’s header; from anybody else it is a protocol error', async () => {
    await start('--proxy-protocol-from', '127.0.0.2', '--deny', '198.51.100.0/24')
    const { tcpPort } = ports()
    const through = (source: string, header: string) => {
      const peer = new DevicePeer('tcp', { tcpPort, wsPort: 0 }, source)
      peers.push(peer)
      peer.raw(header)
      peer.send({ type: 'HELLO', deviceId: source })
      return peer
    }
    const header = (from: string) => `PROXY TCP4 ${from} 192.0.2.2 40000 7000\r\n`
    await through('127.0.0.2', header('203.0.113.7')).until('WELCOME')
    const state = (await (await fetch(node!.url('/v1/devices/127.0.0.2'))).json()) as {
      address: string
    }
    expect(state.address).toBe('203.0.113.7:40000')
    expect(await through('127.0.0.3', header('203.0.113.7')).bye()).toMatchObject({
      code: BYE.PROTOCOL_ERROR,
    })
    const denied = through('127.0.0.2', header('198.51.100.9'))
    await until(() => denied.isClosed)
    expect(denied.frames).toEqual([])
    await until(async () => (await metrics()).includes('reason="address-denied"} 1'))
  })

  it('have a connect rate each', async () => {
    await start('--address-connect-rate', '0.1')
    const dial = (source: string) => {
      const peer = new DevicePeer('tcp', ports(), source)
      peers.push(peer)
      peer.send({ type: 'HELLO', deviceId: `${source} ${peers.length}` })
      return peer
    }
    for (let index = 0; index < 5; index++) await dial('127.0.0.2').until('WELCOME')
    expect(await dial('127.0.0.2').bye()).toMatchObject({ code: BYE.RATE_LIMITED })
    await dial('127.0.0.3').until('WELCOME')
  })
})

describe('secrets', () => {
  const SECRET = 'a-device-secret-that-nobody-may-read-anywhere'
  const TOKEN = 'an-admin-token-that-nobody-may-read-anywhere'

  it('stand in no log line, answer, metric or error', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'serve-secrets-'))
    const [secretFile, tokenFile] = [join(folder, 'secret'), join(folder, 'token')]
    await writeFile(secretFile, SECRET, { mode: 0o644 })
    await writeFile(tokenFile, `${TOKEN}\n${TOKEN}-read read\n`, { mode: 0o644 })
    const files = ['--auth-secret-file', secretFile, '--admin-token-file', tokenFile]
    await start(...files, '--log-level', 'info')
    const peer = new DevicePeer('tcp', ports())
    peers.push(peer)
    peer.send({ type: 'HELLO', deviceId: 'a', token: 'device-token-of-a-stranger' })
    await peer.bye()
    const ask = async (path: string, token: string) => {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await fetch(node!.url(path), {
        headers,
        method: path.includes('drain') ? 'POST' : 'GET',
      })
      return `${JSON.stringify([...answer.headers])} ${await answer.text()}`
    }
    const answers = [
      await ask('/v1/node', TOKEN),
      await ask('/v1/drain', `${TOKEN}-read`),
      await ask('/v1/node', `${TOKEN}-wrong`),
      await ask('/metrics', TOKEN),
      await ask('/v1/openapi.json', TOKEN),
      await ask('/', TOKEN),
    ]
    node!.child.kill('SIGTERM')
    const { stdout, stderr } = await node!.ended
    await writeFile(tokenFile, `push ${TOKEN}`)
    const broken = await new ServeProcess([...files, '--json']).ended
    const explained = await new ServeProcess([...files, '--explain']).ended
    await rm(folder, { recursive: true })
    expect(broken.status).toBe(2)
    const told = [stdout, stderr, broken.stdout, broken.stderr, explained.stdout, explained.stderr]
    for (const text of [...answers, ...told]) {
      expect(text).not.toContain(SECRET)
      expect(text).not.toContain(TOKEN)
      expect(text).not.toContain('device-token-of-a-stranger')
    }
  })
})

it('tells all wrong settings at once', async () => {
  const words = [
    '--allow',
    'x',
    '--deny',
    '10.0.0.0/99',
    '--proxy-protocol-from',
    'y',
    '--allow-origin',
    'z',
  ]
  const { status, stderr } = await new ServeProcess(words).ended
  expect(status).toBe(2)
  for (const flag of [
    '--allow must',
    '--deny must',
    '--proxy-protocol-from must',
    '--allow-origin must',
  ]) {
    expect(stderr).toContain(flag)
  }
})
