import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { fetchMetrics } from '../../../src/doctor/facts-reader/fetch-metrics.ts'

let server: Server | null = null

afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((done) => (server === null ? done(null) : server.close(done)))
  server = null
})

async function urlOf(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}

it('fetches a page', async () => {
  const url = await urlOf((_request, response) => response.end('up 1\n'))
  expect(await fetchMetrics(url)).toEqual({ known: true, value: 'up 1\n', source: url })
})

it('follows no redirect, and says what it got instead', async () => {
  const url = await urlOf((_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()
  })
  expect(await fetchMetrics(url)).toMatchObject({ reason: 'answered with status 302' })
})

it('stops at a limit of bytes', async () => {
  const url = await urlOf((_request, response) => {
    response.on('error', () => {})
    const more = () => response.write(Buffer.alloc(1_048_576, 'x'), () => setImmediate(more))
    more()
  })
  expect(await fetchMetrics(url)).toMatchObject({ reason: 'is longer than 16777216 bytes' })
})

it('names a port where nobody listens', async () => {
  const url = await urlOf(() => {})
  await new Promise((done) => server!.close(done))
  expect(await fetchMetrics(url)).toMatchObject({
    reason: 'nobody listens there (ECONNREFUSED)',
  })
})
