/** The driver of event streams against Node's HTTP server and nginx with nchan. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { WireSettings } from '../../../../src/loadgen/target/wire-settings.ts'
import { DrivenShard, type DrivenOptions, engines, eventually, targetOf } from '../driven-shard.ts'
import { type InstalledServer, nchanMissing, startNchan } from '../installed-server.ts'

const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function serve(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(onRequest).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function connect(
  url: string,
  options: DrivenOptions = {},
  wire: Partial<WireSettings> = {},
): Promise<DrivenShard> {
  const driven = await DrivenShard.connect(targetOf(url, wire), options)
  stops.push(() => driven.stop())
  return driven
}

const NOTHING_WRONG = { duplicated: 0, reordered: 0, foreign: 0 }
const STREAM = { 'content-type': 'text/event-stream; charset=utf-8' }

/** Passes on what is POSTed to /pub/NAME to those who wait at /sub/NAME, in parts of some bytes. */
function board(partBytes: number, headers: Record<string, string> = STREAM) {
  const waiting = new Map<string, ServerResponse[]>()
  return (request: IncomingMessage, response: ServerResponse): void => {
    const [, verb, name] = String(request.url).split('/')
    if (verb === 'sub') {
      response.writeHead(200, headers)
      response.write(': welcome\n\n')
      waiting.set(name, [...(waiting.get(name) ?? []), response])
      return
    }
    let body = ''
    request.on('data', (text) => {
      body += text
    })
    request.on('end', () => {
      const event = `id: 1\nevent: push\ndata: {"body":"${body}"}\n\n`
      for (const listener of waiting.get(name) ?? []) {
        for (let at = 0; at < event.length; at += partBytes) {
          listener.write(event.slice(at, at + partBytes))
        }
      }
      response.end(JSON.stringify({ to: name }))
    })
  }
}

describe.each(engines)('the driver of event streams on the %s engine', (engine) => {
  it.each([
    ['whole', 10_000],
    ['in parts', 7],
  ])('finds each message in chunked events that come %s', async (_, partBytes) => {
    const host = await serve(board(partBytes))
    const driven = await connect(`sse+http://${host}/sub/{device}`, { engine, connections: 4 })
    expect([driven.shard.established, driven.failures]).toEqual([4, []])
    const way = { target: driven.target, url: `http://${host}/pub/%7Bdevice%7D` }
    expect(await driven.publish('unicast', 20, way)).toMatchObject({ answered: 20, refused: [] })
    await eventually(() => driven.received.direct === 20)
    expect(driven.received).toEqual({ direct: 20, broadcast: 0, ...NOTHING_WRONG })
  })
})

describe('the driver of event streams', () => {
  it('reads a body that ends with the connection, and says that it ended', async () => {
    const passOn = board(50, { ...STREAM, connection: 'close' })
    const host = await serve((request, response) => {
      // Neither chunks nor a length: the connection is the body.
      response.useChunkedEncodingByDefault = request.method === 'POST'
      passOn(request, response)
    })
    const driven = await connect(`sse+http://${host}/sub/all`)
    const way = { target: driven.target, url: `http://${host}/pub/{device}` }
    expect(await driven.publish('broadcast', 2, way)).toMatchObject({ answered: 2 })
    await eventually(() => driven.received.broadcast === 6)
    for (const stop of stops.splice(0, 1)) await stop()
    await eventually(() => driven.failures.length > 0)
    expect(driven.failures).toMatchObject([{ phase: 'idle', count: 3 }])
  })

  it('asks with its headers, and sends pushes by a template', async () => {
    const seen: string[] = []
    const host = await serve((request, response) => {
      if (request.method === 'POST') {
        request.on('data', (bytes) => seen.push(String(bytes)))
        request.on('end', () => response.writeHead(503).end('not now'))
        return
      }
      seen.push(`${request.url} ${request.headers.accept} ${request.headers['x-device']}`)
      response.writeHead(200, STREAM).flushHeaders()
    })
    const wire = {
      headers: { 'X-Device': '{device}' },
      messageTemplate: '<{device}>{payload}</{device}>',
    }
    const driven = await connect(`sse+http://${host}/e?d={device}`, { connections: 1 }, wire)
    const way = { target: driven.target, url: `http://${host}/p` }
    const outcome = await driven.publish('broadcast', 1, way)
    expect(outcome).toEqual({ answered: 1, refused: ['http 503'], broken: null })
    expect(seen[0]).toBe('/e?d=bench-16xmrqp-0 text/event-stream bench-16xmrqp-0')
    expect(seen[1]).toMatch(/^<all>[\w-]{32}\.{68}<\/all>$/)
  })

  it.each<[string, number, Record<string, string>, string]>([
    ['another status', 404, STREAM, 'http 404'],
    ['another type', 200, { 'content-type': 'text/html' }, 'no-event-stream'],
  ])('names %s', async (_, status, headers, cause) => {
    const host = await serve((_request, response) => response.writeHead(status, headers).end('no'))
    const driven = await connect(`sse+http://${host}/`)
    expect(driven.failures).toMatchObject([{ phase: 'hello', cause, count: 3 }])
  })
})

describe.skipIf(nchanMissing !== null)(
  `the driver of event streams and nchan${nchanMissing === null ? '' : ` (${nchanMissing})`}`,
  () => {
    let server: InstalledServer
    beforeAll(async () => {
      server = await startNchan(`
        location ~ ^/pub/(.+)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/sub/(.+),(.+)$ { nchan_subscriber eventsource; nchan_channel_id $1 $2; }`)
    })
    afterAll(() => server.stop())

    it('gets unicasts and broadcasts, each once', async () => {
      const host = `127.0.0.1:${server.port}`
      const driven = await connect(`sse+http://${host}/sub/{device},all`, { connections: 5 })
      expect([driven.shard.established, driven.failures]).toEqual([5, []])
      const way = { target: driven.target, url: `http://${host}/pub/{device}` }
      expect(await driven.publish('unicast', 50, way)).toMatchObject({
        answered: 50,
        refused: [],
        broken: null,
      })
      expect(await driven.publish('broadcast', 4, way)).toMatchObject({ answered: 4 })
      await eventually(() => driven.received.direct === 50 && driven.received.broadcast === 20)
      expect(driven.received).toEqual({ direct: 50, broadcast: 20, ...NOTHING_WRONG })
    })
  },
)
