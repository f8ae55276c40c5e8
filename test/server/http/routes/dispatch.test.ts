import Fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import type { NodeRecord } from '../../../../src/cluster/node-record.ts'
import { SCHEMAS } from '../../../../src/server/http/openapi-schemas.ts'
import { nodeRecord, nodeRecords, viewOf } from '../../../cluster/dispatch/node-records.ts'
import { TestServer } from '../test-server.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(nodes?: readonly NodeRecord[], selfName?: string): Promise<void> {
  server = await TestServer.start(nodes ? { cluster: viewOf(nodes, selfName) } : {})
}

describe('GET /v1/dispatch', () => {
  it('names the node itself where there is no cluster', async () => {
    await start()
    const { status, json } = await server.ask('/v1/dispatch?device=a')
    expect(status).toBe(200)
    expect(json.addresses).toEqual({ tcp: ['127.0.0.1:7000'], ws: ['ws://127.0.0.1:7001'] })
    expect(json.nodes.map(({ name }: NodeRecord) => name)).toEqual(['node "a"'])
  })

  it('answers what OpenAPI describes, with and without a cluster', async () => {
    for (const nodes of [undefined, nodeRecords(3)]) {
      await start(nodes)
      const { json } = await server.ask('/v1/dispatch?device=a')
      expect(await faultOf(SCHEMAS.DispatchSet, json)).toBeNull()
      if (nodes) continue
      await server.stop()
    }
  })

  it('lists the addresses of the set in the order of its nodes, and where to probe them', async () => {
    await start(nodeRecords(3))
    const { json } = await server.ask('/v1/dispatch?device=phone-1')
    const names = json.nodes.map(({ name }: NodeRecord) => name)
    expect(names.toSorted()).toEqual(['node-1', 'node-2', 'node-3'])
    expect(json.addresses.tcp).toEqual(names.map((name: string) => `${name}:7000`))
    expect(json.nodes[0].probe).toBe(`http://${names[0]}:7002/v1/probe`)
  })

  it('heeds the site and what was tried', async () => {
    const nodes = ['east', 'west'].map((site) => nodeRecord(site, { site }))
    await start(nodes, 'east')
    const firstOf = async (query: string) =>
      (await server.ask(`/v1/dispatch?device=a${query}`)).json.nodes[0].name
    expect(await firstOf('')).toBe('east')
    expect(await firstOf('&retried=1')).toBe('west')
    expect(await firstOf('&site=west')).toBe('west')
    expect(await firstOf('&site=west&retried=1')).toBe('east')
  })

  it('asks for no token, and answers 503 where no node takes devices', async () => {
    server = await TestServer.start({ adminToken: 'a-long-admin-secret', cluster: viewOf([]) })
    const answer = await server.ask('/v1/dispatch?device=a')
    expect([answer.status, answer.json.code]).toEqual([503, 'unavailable'])
  })

  it.each([
    '',
    '?device=',
    '?device=a&retried=-1',
    '?device=a&retried=x',
    '?device=a&retried=1001',
  ])('refuses the query "%s"', async (query) => {
    await start()
    const answer = await server.ask(`/v1/dispatch${query}`)
    expect([answer.status, answer.json.code]).toEqual([400, 'bad-field'])
  })

  it('refuses a site that is given twice or too long, and parameters that it does not know', async () => {
    await start()
    const codeOf = async (query: string) => (await server.ask(`/v1/dispatch?${query}`)).json.code
    expect(await codeOf('device=a&site=b&site=c')).toBe('bad-field')
    expect(await codeOf(`device=a&site=${'x'.repeat(65)}`)).toBe('bad-field')
    expect(await codeOf('device=a&place=b')).toBe('unknown-field')
  })
})

describe('GET /v1/probe', () => {
  it('is answered at once by a node with room, and refused by one that takes no devices', async () => {
    await start()
    const answer = await server.ask('/v1/probe')
    expect([answer.status, answer.json]).toEqual([200, { load: 0, delayMs: 0 }])
    server.node.ready = { ready: false, reason: 'draining' }
    expect((await server.ask('/v1/probe')).json.code).toBe('not-ready')
  })

  it('is answered later by a fuller node, so that the emptier one wins a race', async () => {
    await start(nodeRecords(1, { load: 0.9 }))
    const other = await TestServer.start({ cluster: viewOf(nodeRecords(1, { load: 0.5 })) })
    const full = server.ask('/v1/probe')
    const first = await Promise.race([full, other.ask('/v1/probe')])
    expect(first.json).toEqual({ load: 0.5, delayMs: 0 })
    expect((await full).json).toEqual({ load: 0.9, delayMs: 300 })
    expect(await faultOf(SCHEMAS.ProbeAnswer, first.json)).toBeNull()
    await other.stop()
  })

  it('counts devices against their limit where there is no cluster', async () => {
    server = await TestServer.start({ probe: { fromShare: 0.001, everyShare: 0.001, stepMs: 1 } })
    for (let index = 0; index < 5; index++) server.node.connect(`d${index}`)
    expect((await server.ask('/v1/probe')).json).toEqual({ load: 0.005, delayMs: 4 })
  })
})

/** Checks by the JSON schema validator that fastify carries. */
async function faultOf(schema: object, value: unknown): Promise<unknown> {
  const app = Fastify()
  app.addSchema({ $id: 'answer', ...schema })
  app.post('/', { schema: { body: { $ref: 'answer#' } } }, async () => null)
  const { statusCode, body } = await app.inject({ method: 'POST', url: '/', body: value as object })
  return statusCode === 200 ? null : body
}
