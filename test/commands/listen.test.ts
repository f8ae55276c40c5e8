import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { command } from '../../src/commands/listen.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { type CommandRun, startCommand, untilWritten } from './command-run.ts'
import { bye, msg, ScriptedNode, WELCOME, welcome } from './listen/scripted-node.ts'

const CARRIERS = [
  ['tcp', []],
  ['ws', []],
  ['ws', ['--readable']],
] as const

let node: ScriptedNode
afterEach(() => node.stop())

function listen(words: readonly string[], env: Record<string, string> = {}): CommandRun {
  return startCommand(command as AnyCommand, [node.url, '--device', 'phone-1', ...words], env)
}

describe.each(CARRIERS)('pushctl listen over %s %j', (carrier, words) => {
  beforeEach(async () => {
    node = await ScriptedNode.start(carrier)
  })

  it('says HELLO as the options say, prints what it receives, and ends at --count', async () => {
    const more = ['--tag', 'news', '--tag', 'é', '--network', '4g', '--count', '3']
    const run = listen([...words, ...more], { PUSHCTL_DEVICE_TOKEN: 'secret' })
    const peer = await node.peer()
    expect(await peer.next()).toMatchObject({
      ...{ type: 'HELLO', version: 1, deviceId: 'phone-1', token: 'secret', network: 4 },
      ...{ tags: ['news', 'é'], inboxSeq: 0, flags: 2 },
    })
    peer.send(WELCOME)
    for (const payload of ['first', Uint8Array.of(0xff), '', 'too many']) peer.send(msg(payload))
    expect(await run.ended).toBe(0)
    expect(run.host.out()).toBe(
      [
        '1970-01-01T00:00:00.000Z  seq 0  first\n',
        '1970-01-01T00:00:00.000Z  seq 0  base64 /w==\n',
        '1970-01-01T00:00:00.000Z  seq 0  \n',
      ].join(''),
    )
    await peer.ended
  })

  it('prints JSON lines, also of the largest message', async () => {
    const run = listen([...words, '--count', '1', '--json', '--quiet'])
    const peer = await node.peer()
    await peer.next()
    peer.send(WELCOME)
    peer.send(msg('\u0001'.repeat(65_000)))
    expect(await run.ended).toBe(0)
    expect(JSON.parse(run.host.out())).toMatchObject({
      ...{ schema: 'pushctl.listen/1', device: 'phone-1', payload: '\u0001'.repeat(65_000) },
    })
    expect(run.host.err()).toBe('')
  })

  it('stops at a final BYE with the reason', async () => {
    const run = listen(words)
    const peer = await node.peer()
    await peer.next()
    peer.send(bye(4003, 'unauthorized'))
    expect(await run.ended).toBe(4)
    expect(run.host.err()).toContain('sent the device away for good: 4003 unauthorized')
    expect(run.host.err()).toContain('PUSHCTL_DEVICE_TOKEN')
  })

  it('is back at once after 42xx, and after the told time after 41xx', async () => {
    const run = listen(words)
    let peer = await node.peer()
    await peer.next()
    peer.send(WELCOME)
    peer.send(bye(4200, 'heartbeat-lost'))
    peer = await node.peer()
    expect(await peer.next()).toMatchObject({ type: 'HELLO', deviceId: 'phone-1' })
    peer.send(bye(4100, 'overloaded', 1))
    peer = await node.peer()
    expect(await peer.next()).toMatchObject({ type: 'HELLO' })
    run.host.interrupt('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(run.host.err()).toContain('4200 heartbeat-lost; connecting to')
  })

  it('goes where a BYE 43xx sends it, past addresses that are dead, and stays there', async () => {
    const other = await ScriptedNode.start(carrier)
    const run = listen([...words, '--count', '1'])
    const peer = await node.peer()
    await peer.next()
    peer.send(WELCOME)
    const addresses = ['127.0.0.1:1', other.url.replace(/^\w+:\/\/|\/$/g, '')]
    peer.send(bye(4300, 'drain', 0, ['nonsense', ...addresses]))
    const there = await other.peer()
    expect(await there.next()).toMatchObject({ type: 'HELLO', deviceId: 'phone-1' })
    there.send(WELCOME)
    there.send(msg('moved'))
    expect(await run.ended).toBe(0)
    expect(run.host.out()).toContain('moved')
    await other.stop()
  })

  it('comes back after a connection that broke, once it was in', async () => {
    const run = listen(words)
    const peer = await node.peer()
    await peer.next()
    peer.send(WELCOME)
    await untilWritten(run, 'stderr', 'connected as phone-1, heartbeat 30 s')
    peer.destroy()
    const again = await node.peer()
    expect(await again.next()).toMatchObject({ type: 'HELLO' })
    run.host.interrupt('SIGINT')
    expect(await run.ended).toBe(0)
  })

  it('gives up on a peer that breaks the protocol', async () => {
    const run = listen(words)
    const peer = await node.peer()
    await peer.next()
    peer.send(msg('before the welcome'))
    expect(await run.ended).toBe(4)
    expect(run.host.err()).toContain('must speak the push protocol, got a frame before WELCOME')
  })

  it('gives up on bytes that are no frames', async () => {
    const run = listen(words)
    const peer = await node.peer()
    await peer.next()
    peer.sendRaw(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
    expect(await run.ended).toBe(4)
    expect(run.host.err()).toContain('must speak the push protocol, got ')
  })

  it('ends with 130 when it is interrupted before --count', async () => {
    const run = listen([...words, '--count', '5'])
    const peer = await node.peer()
    await peer.next()
    peer.send(WELCOME)
    peer.send(msg('one'))
    await untilWritten(run, 'stdout', 'one')
    run.host.interrupt('SIGINT')
    expect(await run.ended).toBe(130)
    await peer.ended
  })
})

describe('pushctl listen', () => {
  beforeEach(async () => {
    node = await ScriptedNode.start('ws')
  })

  it('reads the reason from a WebSocket close code where no BYE came', async () => {
    const run = listen([])
    const peer = await node.peer()
    await peer.next()
    peer.close(4002)
    expect(await run.ended).toBe(4)
    expect(run.host.err()).toContain('4002 kicked')
  })

  it('takes the token from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'listen-'))
    const file = join(folder, 'token')
    await writeFile(file, 'from-a-file\n', { mode: 0o600 })
    const run = listen(['--token-file', file, '--count', '1'])
    const peer = await node.peer()
    expect(await peer.next()).toMatchObject({ token: 'from-a-file' })
    run.host.interrupt('SIGINT')
    await run.ended
    await rm(folder, { recursive: true })
  })

  it('keeps the granted heartbeat', async () => {
    const run = listen([])
    const peer = await node.peer()
    await peer.next()
    peer.send(welcome(1))
    expect(await peer.next()).toEqual({ type: 'PING' })
    run.host.interrupt('SIGINT')
    expect(await run.ended).toBe(0)
  })

  it('stops while it waits to come back', async () => {
    const run = listen([])
    const peer = await node.peer()
    await peer.next()
    peer.send(bye(4103, 'node-full', 60_000))
    await untilWritten(run, 'stderr', 'node-full; connecting to')
    run.host.interrupt('SIGINT')
    expect(await run.ended).toBe(0)
  })

  it('says that nobody is there', async () => {
    const words = ['tcp://127.0.0.1:1', '--device', 'a']
    const run = startCommand(command as AnyCommand, words)
    expect(await run.ended).toBe(4)
    expect(run.host.err()).toMatchInlineSnapshot(`
      "pushctl listen: a node must be reachable at tcp://127.0.0.1:1, got ECONNREFUSED
        try  pushctl serve
      "
    `)
  })

  it('says that a web server is no node', async () => {
    const peer = createServer((_request, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    const { port } = peer.address() as AddressInfo
    for (const target of [`ws://127.0.0.1:${port}/`, `tcp://127.0.0.1:${port}`]) {
      const run = startCommand(command as AnyCommand, [target, '--device', 'a'])
      expect(await run.ended).toBe(4)
      expect(run.host.err()).toMatch(/must (welcome the device|speak the push protocol), got /)
    }
    peer.close()
  })

  it.each([
    [['http://127.0.0.1:1', '--device', 'a'], 'TARGET must be tcp://host:port or ws://'],
    [['tcp://127.0.0.1:1', '--device', 'a', '--readable'], '--readable needs a ws:// target'],
    [['tcp://127.0.0.1:1', '--device', 'é'.repeat(65)], '--device must be an id of 1-128 bytes'],
    [['tcp://127.0.0.1:1'], '--device'],
    [['tcp://127.0.0.1:1', '--device', 'a', '--network', '6g'], '--network'],
    [['--device', 'a'], 'TARGET'],
  ])('%j is a fault of usage', async (words, message) => {
    const run = startCommand(command as AnyCommand, words)
    expect(await run.ended).toBe(2)
    expect(run.host.err()).toContain(message)
  })
})
