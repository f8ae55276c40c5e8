import { get, type IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_HTTP_LIMITS } from '../../../../src/server/http/limits.ts'
import { type HttpServer, startHttpServer } from '../../../../src/server/http/http-server.ts'
import { DevicePeer } from '../../device-peer.ts'
import { NodeStage, untilTrue } from '../../node-stage.ts'
import { MemoryNode } from '../memory-node.ts'

let stage: NodeStage
let server: HttpServer
beforeEach(async () => {
  stage = await NodeStage.open({ engine: 'node', webhooks: null })
  server = await startHttpServer({
    control: new MemoryNode(),
    upstream: stage.upstream,
    host: '127.0.0.1',
    port: 0,
    adminToken: 'the-admin-token-of-this-test',
    metricsAuth: false,
    limits: DEFAULT_HTTP_LIMITS,
  })
})
afterEach(async () => {
  await server.close(100)
  await stage.close()
})

function open(path: string, token = 'the-admin-token-of-this-test'): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, headers, agent: false }
    get(options, resolve).on('error', reject)
  })
}

function linesOf(response: IncomingMessage): string[] {
  const lines: string[] = []
  response.setEncoding('utf8')
  response.on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)))
  return lines
}

describe('GET /v1/upstream', () => {
  it('streams what devices send to the products asked for, and who comes and goes', async () => {
    const response = await open('/v1/upstream?product=chat&product=mail&events=device')
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('application/x-ndjson')
    const lines = linesOf(response)
    const peer = await DevicePeer.join('tcp', stage.first, 'a')
    for (const product of ['chat', 'other', 'mail']) {
      peer.send({ type: 'SEND', requestId: 1, product, payload: product })
    }
    await peer.until('SENT', 3)
    peer.destroy()
    await untilTrue(() => lines.length === 4)
    const told = lines.map((line) => JSON.parse(line)).map((e) => e.payload ?? e.type)
    expect(told).toEqual(['online', 'chat', 'mail', 'offline'])
    await server.close(1_000)
    await untilTrue(() => lines.length === 5)
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ type: 'end', code: 'shutting-down' })
  })

  it('forgets a consumer that left', async () => {
    const response = await open('/v1/upstream')
    await untilTrue(() => stage.upstream.state().consumers === 1)
    response.destroy()
    await untilTrue(() => stage.upstream.state().consumers === 0)
  })

  it.each([
    ['/v1/upstream?products=chat', 400],
    ['/v1/upstream?product=', 400],
    ['/v1/upstream?events=all', 400],
  ])('refuses %s', async (path, status) => {
    expect((await open(path)).statusCode).toBe(status)
  })

  it('is for those with the admin token', async () => {
    expect((await open('/v1/upstream', 'another')).statusCode).toBe(401)
    expect(stage.upstream.state().consumers).toBe(0)
  })
})
