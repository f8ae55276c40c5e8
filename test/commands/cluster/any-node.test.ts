import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { askAnyNode, nodesToAsk } from '../../../src/commands/cluster/any-node.ts'
import type { ClusterWork } from '../../../src/commands/cluster/cluster-work.ts'
import { pushThroughAny } from '../../../src/commands/cluster/push-any.ts'
import type { NodeRecord } from '../../../src/cluster/node-record.ts'
import { nodeRecord } from './node-records.ts'

const servers: Server[] = []
const bodies: { node: string; id: string }[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  bodies.length = 0
})

type Behaviour = { status: number; document: object } | 'breaks' | 'gone'

const PROBLEM = { status: 503, document: { code: 'unavailable', detail: 'Redis is away' } }
const PUSHED = { status: 202, document: { pushId: 'p-1', accepted: 1, stored: 1, online: 1 } }

/** A node of that name; `breaks`: it dies before it answers. */
async function open(name: string, behaviour: Behaviour): Promise<NodeRecord> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => (text += chunk))
    request.on('end', () => {
      bodies.push({ node: name, id: text === '' ? '' : JSON.parse(text).id })
      if (typeof behaviour === 'string') return request.socket.destroy()
      response.writeHead(behaviour.status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(behaviour.document))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const http = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  if (behaviour === 'gone') await new Promise((resolve) => server.close(resolve))
  else servers.push(server)
  return nodeRecord(name, { http })
}

function workOn(nodes: readonly NodeRecord[]): ClusterWork {
  return {
    source: { read: async () => nodes, close: async () => {} },
    access: { adminToken: null, signal: new AbortController().signal },
    lookMs: 1,
    note: () => {},
  }
}

const wish = (qos: number) => ({ to: ['d'], payload64: 'eA==', qos })

describe('a push through any node', () => {
  it('goes on to the next node, with the same key, whatever became of the first', async () => {
    const nodes = [await open('a', 'gone'), await open('b', PROBLEM)]
    nodes.push(await open('c', 'breaks'), await open('d', PUSHED))
    const pushed = await pushThroughAny(workOn(nodes), nodes, wish(1))
    expect(pushed).toMatchObject({ node: 'd', pushId: 'p-1', stored: 1 })
    expect(bodies.map(({ node }) => node)).toEqual(['b', 'c', 'd'])
    expect(new Set(bodies.map(({ id }) => id)).size).toBe(1)
    expect(bodies[0]!.id).toMatch(/^cli-/)
  })

  it('is not made twice where nothing would know it again', async () => {
    const nodes = [await open('a', 'gone'), await open('b', 'breaks'), await open('c', PUSHED)]
    await expect(pushThroughAny(workOn(nodes), nodes, wish(0))).rejects.toMatchObject({
      code: 'PUSHCTL_TARGET_UNREACHABLE',
    })
    expect(bodies).toEqual([{ node: 'b', id: undefined }])
  })

  it('fails as the first node did where none can do it', async () => {
    const nodes = [await open('a', PROBLEM), await open('b', 'gone')]
    await expect(pushThroughAny(workOn(nodes), nodes, wish(1))).rejects.toMatchObject({
      code: 'PUSHCTL_TARGET_REFUSED',
      message: expect.stringContaining('Redis is away'),
    })
  })

  it('is not tried again where a node says that it is wrong', async () => {
    const refusal = { status: 400, document: { code: 'bad-field', detail: 'no' } }
    const nodes = [await open('a', refusal), await open('b', PUSHED)]
    const request = { method: 'POST', path: '/v1/push', body: {}, isRepeatable: true } as const
    await expect(askAnyNode(workOn(nodes), nodes, request)).rejects.toThrow('400 bad-field')
  })
})

describe('the nodes that are asked', () => {
  const record = (name: string, more: Partial<NodeRecord>) =>
    nodeRecord(name, { http: `http://${name}:7002`, ...more })

  it('are the one that was named, then ready ones by load, then those that drain', async () => {
    const nodes = [
      record('drains', { state: 'draining', load: 0 }),
      record('full', { load: 0.9 }),
      record('empty', { load: 0.1 }),
      record('fenced', { state: 'fenced' }),
      record('named', { load: 0.5 }),
    ]
    const names = (found: readonly NodeRecord[]) => found.map(({ name }) => name)
    const order = ['empty', 'named', 'full', 'drains']
    expect(names(await nodesToAsk(workOn(nodes)))).toEqual(order)
    const named = await nodesToAsk(workOn(nodes), 'http://named:7002')
    expect(names(named)).toEqual(['named', 'empty', 'full', 'drains'])
  })

  it('are none where all are fenced', async () => {
    const nodes = [record('a', { state: 'fenced' })]
    await expect(nodesToAsk(workOn(nodes))).rejects.toThrow('1 fenced')
  })
})
