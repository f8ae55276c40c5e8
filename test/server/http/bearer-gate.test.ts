import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ROUTES } from '../../../src/server/http/route-table.ts'
import { BatchClient } from './batch-client.ts'
import { type Asked, TestServer, type TestServerOptions } from './test-server.ts'

const TOKEN = 'correct horse battery staple'.replaceAll(' ', '-')
let server: TestServer
afterEach(() => server.stop())

async function start(options: TestServerOptions): Promise<void> {
  server = await TestServer.start(options)
}

function asking(method: string, authorization?: string): Asked {
  const headers = authorization === undefined ? {} : { authorization }
  const isPost = method === 'POST'
  return { method: method as 'GET', headers, ...(isPost ? { raw: '{}' } : {}) }
}

describe('with an admin token', () => {
  const OPEN = ['/healthz', '/readyz', '/metrics', '/', '/v1/probe', '/v1/dispatch']

  // Those of devices check the token of the device (http-devices.test.ts).
  const OTHERS = ROUTES.filter(({ access }) => access !== 'device')

  it.each(OTHERS.map(({ method, path }) => [method, path]))(
    '%s %s is open or guarded as documented',
    async (method, path) => {
      await start({ adminToken: TOKEN })
      const query = path === '/v1/dispatch' ? '?device=a' : ''
      const { status, headers, json } = await server.ask(path + query, asking(method))
      if (OPEN.includes(path)) {
        expect(status).toBe(200)
        return
      }
      expect([status, json.code]).toEqual([401, 'unauthorized'])
      expect(headers['www-authenticate']).toBe('Bearer realm="pushctl"')
    },
  )

  it('guards HEAD like GET', async () => {
    await start({ adminToken: TOKEN })
    expect((await server.ask('/v1/node', { method: 'HEAD' })).status).toBe(401)
    expect((await server.ask('/readyz', { method: 'HEAD' })).status).toBe(200)
  })

  it('guards paths that do not exist alike', async () => {
    await start({ adminToken: TOKEN })
    expect((await server.ask('/v1/secrets')).status).toBe(401)
    expect((await server.ask('/v1/push', { method: 'PUT', raw: '{}' })).status).toBe(401)
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Basic ${Buffer.from(`admin:${TOKEN}`).toString('base64')}`,
    TOKEN,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${'x'.repeat(8_000)}`,
  ])('refuses %s', async (authorization) => {
    await start({ adminToken: TOKEN })
    const answer = await server.ask('/v1/node', { headers: { authorization } })
    expect([answer.status, answer.json.code]).toEqual([401, 'unauthorized'])
    expect(answer.text).not.toContain(TOKEN)
  })

  it('takes the right one, whatever the case of the scheme', async () => {
    await start({ adminToken: TOKEN })
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${TOKEN}` }
      expect((await server.ask('/v1/node', { headers })).status).toBe(200)
    }
  })

  it('pushes nothing for a stranger, neither one nor a stream', async () => {
    await start({ adminToken: TOKEN })
    await server.ask('/v1/push', { body: { to: 'all', payload: 'x' } })
    const raw = '{"to":"all","payload":"x"}\n'
    const headers = { 'content-type': 'application/x-ndjson' }
    expect((await server.ask('/v1/push/batch', { raw, headers })).status).toBe(401)
    expect(server.node.pushes).toEqual([])
  })

  it('opens a stream for the token', async () => {
    await start({ adminToken: TOKEN })
    const client = await BatchClient.open(server.server.port, { authorization: `Bearer ${TOKEN}` })
    client.send('{"to":"all","payload":"x"}\n')
    expect(JSON.parse(await client.nextLine()).pushId).toBe('p1')
    client.end()
    await client.rest()
  })

  it('guards /metrics only when asked to', async () => {
    await start({ adminToken: TOKEN, metricsAuth: true })
    expect((await server.ask('/metrics')).status).toBe(401)
    const headers = { authorization: `Bearer ${TOKEN}` }
    expect((await server.ask('/metrics', { headers })).status).toBe(200)
  })
})

describe('with tokens of several scopes', () => {
  const TOKENS = { push: `${TOKEN}-push`, kick: `${TOKEN}-kick`, read: `${TOKEN}-read` } as const
  const LINES = Object.entries(TOKENS).map(([scope, token]) => `${token} ${scope}`)

  /** What each guarded route needs, as documented. */
  const NEEDED: Record<string, keyof typeof TOKENS> = {
    'POST /v1/push': 'push',
    'POST /v1/push/batch': 'push',
    'POST /v1/drain': 'kick',
    'DELETE /v1/drain': 'kick',
    'DELETE /v1/devices/{id}': 'kick',
    'GET /v1/devices/{id}': 'read',
    'GET /v1/node': 'read',
    'GET /v1/openapi.json': 'read',
  }

  it.each(Object.entries(NEEDED))('%s needs %s', async (route, needed) => {
    await start({ adminToken: LINES.join('\n') })
    const [method, path] = route.split(' ') as [string, string]
    for (const [scope, token] of Object.entries(TOKENS)) {
      const answer = await server.ask(path, asking(method, `Bearer ${token}`))
      if (scope === needed) expect([401, 403]).not.toContain(answer.status)
      else expect([answer.status, answer.json.code]).toEqual([403, 'scope-missing'])
      expect(answer.text).not.toContain(TOKEN)
    }
  })

  it('a wrong token is unauthorized, not short of a scope', async () => {
    await start({ adminToken: LINES.join('\n') })
    const headers = { authorization: `Bearer ${TOKEN}-write` }
    expect((await server.ask('/v1/node', { headers })).status).toBe(401)
  })

  it('/metrics needs read where it is guarded', async () => {
    await start({ adminToken: LINES.join('\n'), metricsAuth: true })
    const statusOf = async (token: string) => {
      return (await server.ask('/metrics', { headers: { authorization: `Bearer ${token}` } }))
        .status
    }
    expect([await statusOf(TOKENS.read), await statusOf(TOKENS.push)]).toEqual([200, 403])
  })
})

describe('without an admin token, on loopback', () => {
  it.each(['localhost', 'localhost:7002', '127.0.0.1:7002', '[::1]:7002', '127.9.9.9'])(
    'answers to Host %s',
    async (host) => {
      await start({})
      expect(await statusFor(host)).toBe(200)
    },
  )

  it.each([
    'evil.example',
    'localhost.evil.example:7002',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '',
  ])('keeps out a web page that came by Host %j', async (host) => {
    await start({})
    expect(await statusFor(host)).toBe(403)
  })

  it('answers to any Host once a token protects it', async () => {
    await start({ adminToken: TOKEN })
    expect(await statusFor('push-1.example', `authorization: Bearer ${TOKEN}\r\n`)).toBe(200)
  })
})

async function statusFor(host: string, headers = ''): Promise<number> {
  const socket = connect(server.server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET /v1/node HTTP/1.1\r\nhost: ${host}\r\n${headers}connection: close\r\n\r\n`)
  let text = ''
  for await (const bytes of socket) text += bytes
  return Number(text.split(' ')[1])
}
