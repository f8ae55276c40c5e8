import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ServeProcess, until } from './serve-process.ts'

const TOKEN = 'c3VmZmljaWVudGx5LWxvbmc='
const NEXT_TOKEN = 'YW5vdGhlci1sb25nLWVub3VnaA=='

let folder: string
let config: string
let tokenFile: string
let node: ServeProcess

const logged = () =>
  node.stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, string>)

const told = (event: string) => logged().filter((line) => line['event'] === event)

const askedWith = async (token: string) =>
  (await fetch(node.url('/v1/node'), { headers: { authorization: `Bearer ${token}` } })).status

async function reload(lines: string): Promise<void> {
  const before = told('reload').length + told('reload-refused').length
  await writeFile(config, lines)
  node.child.kill('SIGHUP')
  await until(() => told('reload').length + told('reload-refused').length > before)
}

describe('a node in operation', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pushctl-operations-'))
    config = join(folder, 'node.yaml')
    tokenFile = join(folder, 'token')
    await writeFile(tokenFile, TOKEN, { mode: 0o600 })
    await writeFile(config, 'max-connections: 100\n')
    const words = ['--config', config, '--admin-token-file', tokenFile, '--log-format', 'json']
    node = await ServeProcess.start(...words)
  })
  afterEach(async () => {
    await node.kill()
    await rm(folder, { recursive: true })
  })

  it('logs nothing but JSON lines, from listening to stopping', async () => {
    node.child.kill('SIGTERM')
    expect((await node.ended).status).toBe(0)
    const events = logged().map((line) => line['event'])
    expect(events.filter((event) => event === 'listening')).toHaveLength(3)
    expect(events.slice(-2)).toEqual(['ready', 'stopping'])
    expect(node.stderr).not.toContain(TOKEN)
  })

  it('takes over what can change on SIGHUP, and names what cannot', async () => {
    await writeFile(tokenFile, NEXT_TOKEN, { mode: 0o600 })
    await reload(
      'max-connections: 50\nloop-lag-limit: 3s\ndrain-rate: 7\nbacklog: 100\nshards: 7\n' +
        'heartbeat: 40s..50s\ndevice-frame-rate: 9\n',
    )
    await until(() => told('reload-refused').length > 0)
    const [, changed] = /changed (.*); secret/.exec(told('reload')[0]!['msg']!)!
    expect(changed!.split(', ').toSorted()).toEqual([
      'device-frame-rate',
      'drain-rate',
      'heartbeat',
      'loop-lag-limit',
      'max-connections',
      'the admin token',
    ])
    expect(told('reload-refused')[0]!['msg']).toMatch(/restart and stay as they are: .*backlog/)
    expect([await askedWith(TOKEN), await askedWith(NEXT_TOKEN)]).toEqual([401, 200])
    const answer = await fetch(node.url('/v1/node'), {
      headers: { authorization: `Bearer ${NEXT_TOKEN}` },
    })
    expect(((await answer.json()) as { connectionsMax: number }).connectionsMax).toBe(50)
    expect(node.stderr).not.toContain(NEXT_TOKEN)
  })

  it('keeps its shard processes where SIGHUP reaches them too', async () => {
    const words = ['--config', config, '--log-format', 'json']
    const own = await ServeProcess.start(...words, '--shards', '2', '--shard-kind', 'process')
    try {
      const before = (await own.describe()).shards
      for (const { pid } of before) process.kill(pid, 'SIGHUP')
      own.child.kill('SIGHUP')
      await until(() => own.stderr.includes('no setting has changed'))
      const after = (await own.describe()).shards
      expect(after.map(({ pid, state, restarts }) => [pid, state, restarts])).toEqual(
        before.map(({ pid }) => [pid, 'up', 0]),
      )
    } finally {
      await own.kill()
    }
  })

  it('changes nothing for a broken file, and says what is wrong with it', async () => {
    await writeFile(tokenFile, NEXT_TOKEN, { mode: 0o600 })
    await reload('max-connections: many\nno-such-key: 1\n')
    await until(() => told('reload-refused').length === 2)
    const messages = told('reload-refused').map((line) => line['msg'])
    expect(messages.every((text) => text!.startsWith('nothing was changed: '))).toBe(true)
    expect(messages.join('\n')).toMatch(/node\.yaml:1:18: max-connections .*"many"/)
    expect(messages.join('\n')).toMatch(/node\.yaml:2:1: unknown key "no-such-key"/)
    expect([await askedWith(TOKEN), await askedWith(NEXT_TOKEN)]).toEqual([200, 401])
    await reload('deny: not-an-address\n')
    expect(told('reload-refused').at(-1)!['msg']).toMatch(/nothing was changed: --deny must be/)
    await reload('max-connections: 101\n')
    expect(told('reload-refused').at(-1)!['msg']).toContain('at most 100 without a restart')
  })
})
