import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { command } from '../../src/commands/cluster.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { nodeRecord } from './cluster/node-records.ts'
import { startCommand } from './command-run.ts'

function run(...words: string[]) {
  return startCommand(command as unknown as AnyCommand, words)
}

describe('the words of pushctl cluster', () => {
  it.each([
    [['statsu'], 'pushctl cluster status'],
    [['status', 'a'], 'needs no word, got 1'],
    [['drain', '--rate', '5'], 'needs 1 NODE, got 0'],
    [['drain', 'a'], 'cluster drain needs --rate'],
    [['kick'], 'needs 1 DEVICE at least, got 0'],
    [['undrain'], 'needs 1 NODE, got 0'],
    [['push', 'phone-1'], 'a payload is needed as a word or as --file, got neither'],
    [['push', 'a', 'x', 'y'], 'cluster push needs 1 to 2 words, got 3'],
    [['push', 'a', 'x', '--tag', 't'], '--tag means nothing for cluster push'],
    [['broadcast', 'x', '--file', '-'], 'got both'],
    [['broadcast', 'x', '--wait'], '--wait needs --qos 1'],
    [['broadcast', 'x', '--ttl', '5s'], '--ttl needs --qos 1'],
    [['broadcast', 'x', '--rate', '5'], '--rate means nothing for cluster broadcast'],
    [['rebalance'], 'cluster rebalance needs --rate'],
    [['rollout'], 'cluster rollout needs --restart'],
    [['status', '--rate', '5'], '--rate means nothing for cluster status'],
    [['kick', 'a', '--to', 'b'], '--to means nothing for cluster kick'],
    [['rollout', '--restart', 'x', '--stages', '1,x'], '--stages must be counts or shares'],
    [['rollout', '--restart', 'x', '--threshold', 'lag<5'], 'expected a value such as'],
    [['rollout', '--restart', 'x', '--remote-shell', "ssh 'a"], 'quote without its end'],
    [['status', '--cluster', 'http://a'], 'redis://'],
  ])('%j is refused: %s', async (words, expected) => {
    const { host, ended } = run(...words)
    expect(await ended).toBe(2)
    expect(host.err()).toContain(expected)
  })
})

describe('a node that is asked for the nodes', () => {
  let server: Server
  let answer: { status: number; body: unknown } = { status: 200, body: {} }
  const asked: string[] = []

  async function serve(status: number, body: unknown): Promise<string> {
    answer = { status, body }
    asked.length = 0
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`)
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer.body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  afterEach(() => server.close())

  it('tells them, with the admin token', async () => {
    const node = await serve(200, { self: 'a', nodes: [nodeRecord('a'), nodeRecord('b')] })
    const words = ['status', '--json', '--node', node]
    const env = { PUSHCTL_ADMIN_TOKEN: 'a token of 16 ch'.replaceAll(' ', '-') }
    const { host, ended } = startCommand(command as unknown as AnyCommand, words, env)
    expect([await ended, host.err()]).toEqual([0, ''])
    expect(JSON.parse(host.out())).toMatchObject({
      schema: 'pushctl.cluster/1',
      total: { nodes: 2, ready: 2 },
    })
    expect(asked).toEqual(['GET /v1/cluster Bearer a-token-of-16-ch'])
  })

  it.each([
    [404, { code: 'not-found', detail: '' }, 'must be a node of a cluster'],
    [422, { code: 'not-supported', detail: '' }, 'must be a node of a cluster'],
    [401, {}, 'needs its admin token, got none'],
    [200, { nodes: 'many' }, 'must answer with nodes'],
    [500, 'oops', 'must answer like a pushctl node, got HTTP 500'],
    [503, { code: 'unavailable', detail: 'no Redis' }, '(503 unavailable): no Redis'],
  ])('and answers %j %j ends with 4', async (status, body, expected) => {
    const { host, ended } = run('status', '--node', await serve(status, body))
    expect(await ended).toBe(4)
    expect(host.err()).toContain(expected)
  })

  it('and has none of that name is an error that names those there are', async () => {
    const node = await serve(200, { nodes: [nodeRecord('node-1'), nodeRecord('node-2')] })
    const { host, ended } = run('drain', 'nod-1', '--rate', '5', '--node', node)
    expect(await ended).toBe(2)
    expect(host.err()).toContain('there must be a node "nod-1": the nodes are node-1, node-2')
    expect(host.err()).toContain('try  node-1')
  })

  it('prints what a rebalance and a rollout would do, and does nothing', async () => {
    const nodes = [nodeRecord('a', { devicesOnline: 100 }), nodeRecord('b')]
    const node = await serve(200, { nodes })
    const rebalance = run('rebalance', '--plan', '--json', '--node', node)
    expect(await rebalance.ended).toBe(0)
    expect(JSON.parse(rebalance.host.out())).toMatchObject({
      ...{ schema: 'pushctl.cluster-rebalance/1', plan: true, skewBefore: 1 },
      moves: [{ from: 'a', to: 'b', planned: 50, moved: 0 }],
    })
    const rollout = run('rollout', '--plan', '--restart', 'false', '--node', node)
    expect(await rollout.ended).toBe(0)
    expect(rollout.host.out()).toBe('stage 1: b\nstage 2: a\n')
    expect(asked.every((line) => line.startsWith('GET /v1/cluster'))).toBe(true)
  })

  it('and cannot be reached says so', async () => {
    const node = await serve(200, {})
    await new Promise((resolve) => server.close(resolve))
    const { host, ended } = run('status', '--node', node)
    expect(await ended).toBe(4)
    expect(host.err()).toContain('got ECONNREFUSED')
  })
})
