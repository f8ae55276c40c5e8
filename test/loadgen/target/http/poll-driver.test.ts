/** The driver of long polls against Node's HTTP server and nginx with nchan. */
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

/**
 * Keeps what is POSTed for each name, and gives a poll what is behind its `after`: as a push node
 * does, in chunks or with a length.
 */
function mailbox(isChunked: boolean) {
  const boxes = new Map<string, { mail: string[]; wake: () => void }>()
  return (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(String(request.url), 'http://h')
    const name = String(url.searchParams.get('d'))
    const box = boxes.get(name) ?? { mail: [], wake: () => {} }
    boxes.set(name, box)
    if (request.method === 'POST') {
      let body = ''
      request.on('data', (text) => {
        body += text
      })
      request.on('end', () => {
        box.mail.push(body)
        box.wake()
        response.end()
      })
      return
    }
    const session = url.searchParams.get('s') || `session-${name}`
    const after = Number(url.searchParams.get('a') || 0)
    const answer = (): void => {
      box.wake = () => {}
      const frames = box.mail.slice(after).map((payload) => ({ type: 'MSG', payload }))
      const text = JSON.stringify({ session, after: String(box.mail.length), frames })
      if (!isChunked) response.setHeader('content-length', text.length)
      for (let at = 0; at < text.length; at += 50) response.write(text.slice(at, at + 50))
      response.end()
    }
    if (url.searchParams.get('s') === '' || box.mail.length > after) answer()
    else box.wake = answer
  }
}

describe.each(engines)('the driver of long polls on the %s engine', (engine) => {
  it.each([true, false])('gets each message once (chunks: %s)', async (isChunked) => {
    const host = await serve(mailbox(isChunked))
    const url = `poll+http://${host}/?d={device}&s={session}&a={after}`
    const driven = await connect(url, { engine, connections: 4 }, { welcomeText: '"session"' })
    expect([driven.shard.established, driven.failures]).toEqual([4, []])
    const way = { target: driven.target, url: `http://${host}/?d={device}` }
    expect(await driven.publish('unicast', 40, way)).toMatchObject({ answered: 40, refused: [] })
    await eventually(() => driven.received.direct === 40)
    expect(driven.received).toEqual({ direct: 40, broadcast: 0, ...NOTHING_WRONG })
  })
})

describe('the driver of long polls', () => {
  it('asks again where nothing has come, with what the server told it', async () => {
    const seen: string[] = []
    const host = await serve((request, response) => {
      const { 'if-none-match': etag, 'if-modified-since': date } = request.headers
      seen.push(`${request.url} ${etag} ${date}`)
      if (seen.length === 1) response.writeHead(204).end()
      else if (seen.length === 2) {
        const headers = { etag: '7,1', 'last-modified': 'Sat, 21 Nov 2026 15:04:37 GMT' }
        response.writeHead(200, headers).end('nothing of this run')
      } else if (seen.length === 3) response.writeHead(304).end()
    })
    const driven = await connect(`poll+http://${host}/{device}`, { connections: 1 })
    await eventually(() => seen.length === 4)
    const path = '/bench-16xmrqp-0'
    const told = `${path} 7,1 Sat, 21 Nov 2026 15:04:37 GMT`
    const nothing = `${path} undefined undefined`
    expect(seen).toEqual([nothing, nothing, told, told])
    expect(driven.shard.rows.openCount).toBe(1)
  })

  it.each<[string, (response: ServerResponse) => unknown, string]>([
    ['a refusal', (response) => response.writeHead(403).end('no'), 'http 403'],
    [
      'an answer without an end',
      (response) => {
        response.useChunkedEncodingByDefault = false
        response.writeHead(200).write('x')
      },
      'answer-without-length',
    ],
    [
      'a validator that is too long',
      (response) => response.writeHead(200, { etag: 'x'.repeat(41) }).end(),
      'cursor-too-long',
    ],
  ])('names %s', async (_, answer, cause) => {
    const host = await serve((_request, response) => answer(response))
    const driven = await connect(`poll+http://${host}/`)
    await eventually(() => driven.failures[0]?.count === 3)
    expect(driven.failures).toMatchObject([{ cause, count: 3 }])
    // Refused, and not lost again after it was up.
    expect(driven.shard.established).toBe(0)
  })

  it('is up where its first request stands without an answer', async () => {
    const host = await serve(() => {})
    const { shard, failures } = await connect(`poll+http://${host}/`)
    expect([shard.established, failures]).toEqual([3, []])
  })
})

describe.skipIf(nchanMissing !== null)(
  `the driver of long polls and nchan${nchanMissing === null ? '' : ` (${nchanMissing})`}`,
  () => {
    let server: InstalledServer
    beforeAll(async () => {
      server = await startNchan(`
        location ~ ^/pub/(.+)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/sub/(.+),(.+)$ { nchan_subscriber longpoll; nchan_channel_id $1 $2; }`)
    })
    afterAll(() => server.stop())

    it('gets unicasts and broadcasts, each once', async () => {
      const host = `127.0.0.1:${server.port}`
      const driven = await connect(`poll+http://${host}/sub/{device},all`, { connections: 5 })
      expect([driven.shard.established, driven.failures]).toEqual([5, []])
      const way = { target: driven.target, url: `http://${host}/pub/{device}` }
      expect(await driven.publish('unicast', 50, way)).toMatchObject({ answered: 50, refused: [] })
      expect(await driven.publish('broadcast', 4, way)).toMatchObject({ answered: 4 })
      await eventually(() => driven.received.direct === 50 && driven.received.broadcast === 20)
      expect(driven.received).toEqual({ direct: 50, broadcast: 20, ...NOTHING_WRONG })
    })
  },
)
