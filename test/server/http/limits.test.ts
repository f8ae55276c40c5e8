import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startHttpServer } from '../../../src/server/http/http-server.ts'
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from '../../../src/server/http/limits.ts'
import { MemoryNode } from './memory-node.ts'
import { TestServer } from './test-server.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(limits: Partial<HttpLimits> = {}): Promise<void> {
  server = await TestServer.start({ limits })
}

describe('a client that asks for too much', () => {
  it('gets 413 for a body over the limit, declared or not', async () => {
    await start({ bodyBytesMax: 1_000 })
    const declared = await server.ask('/v1/push', { raw: `"${'x'.repeat(1_000)}"` })
    expect([declared.status, declared.json.code]).toEqual([413, 'body-too-large'])
    const text = await talk(
      'POST /v1/push HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
        `transfer-encoding: chunked\r\n\r\n400\r\n${'x'.repeat(1_024)}\r\n`,
    )
    expect(text).toContain('HTTP/1.1 413 ')
    expect(text).toContain('"code":"body-too-large"')
  })

  it('gets 431 for headers over the limit', async () => {
    await start({ headerBytesMax: 2_048 })
    const text = await talk(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(4_096)}\r\n\r\n`)
    expect(text).toContain('HTTP/1.1 431 ')
    expect(text).toContain('"code":"headers-too-large"')
  })

  it('gets 408 when the headers do not arrive in time', async () => {
    await start({ headersTimeoutMs: 50 })
    const text = await talk('GET /healthz HTTP/1.1\r\nhost: loc')
    expect(text).toContain('HTTP/1.1 408 ')
    expect(text).toContain('"code":"request-timeout"')
  })

  it('gets 408 when the body does not arrive in time, and pushes nothing', async () => {
    await start({ bodyTimeoutMs: 50 })
    const text = await talk(
      'POST /v1/push HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
        'content-length: 100\r\n\r\n{"to"',
    )
    expect(text).toContain('HTTP/1.1 408 ')
    expect(text).toContain('"code":"request-timeout"')
    expect(server.node.pushes).toEqual([])
  })

  it('is cut off beyond the number of connections, and the others are served', async () => {
    await start({ connectionsMax: 2 })
    const first = connect(server.server.port, '127.0.0.1')
    const second = connect(server.server.port, '127.0.0.1')
    await Promise.all([once(first, 'connect'), once(second, 'connect')])
    expect(await talk('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n')).toBe('')
    first.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    expect(String((await once(first, 'data'))[0])).toContain('HTTP/1.1 200 ')
    first.destroy()
    second.destroy()
  })
})

describe('bytes that are not HTTP', () => {
  it.each([
    'garbage\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'GET / HTTP/1.1\r\nhost localhost\r\n\r\n',
    'POST /v1/push HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
    'POST /v1/push HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n',
    'POST /v1/push/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n' +
      'transfer-encoding: chunked\r\n\r\nzz\r\n',
  ])('%j ends that connection only', async (bytes) => {
    await start()
    const text = await talk(bytes)
    expect(text).toMatch(/^HTTP\/1\.1 (400|200) /)
    expect((await server.ask('/healthz')).status).toBe(200)
    expect(server.failures).toEqual([])
  })
})

describe('listening', () => {
  it('says which address is taken', async () => {
    await start()
    const taken = startHttpServer({
      control: new MemoryNode(),
      host: '127.0.0.1',
      port: server.server.port,
      adminToken: null,
      metricsAuth: false,
      limits: DEFAULT_HTTP_LIMITS,
    })
    await expect(taken).rejects.toMatchObject({
      code: 'PUSHCTL_ADDRESS_IN_USE',
      message: `--http must be free to listen on, got 127.0.0.1:${server.server.port}`,
    })
  })

  it('answers nobody after close, and close waits for what is being answered', async () => {
    await start()
    server.node.hold()
    const answer = server.ask('/v1/push', { body: { to: 'all', payload: 'x' } })
    await expect.poll(() => server.node.heldPushes).toBe(1)
    const closing = server.server.close(5_000)
    server.node.release()
    expect((await answer).status).toBe(202)
    await closing
    await expect(server.ask('/healthz')).rejects.toThrow('ECONNREFUSED')
  })
})

/**
 * Writes bytes on a connection of its own and returns all that comes back until the node ends it.
 */
async function talk(bytes: string): Promise<string> {
  const socket = connect(server.server.port, '127.0.0.1')
  let text = ''
  socket.on('data', (part) => {
    text += part
  })
  socket.on('error', () => {})
  socket.write(Buffer.from(bytes, 'latin1'))
  await new Promise((resolve) => socket.on('close', resolve))
  return text
}
