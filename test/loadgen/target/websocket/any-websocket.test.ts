/** The driver of any WebSocket server against the `ws` package, which shares no code with it. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import type { WireSettings } from '../../../../src/loadgen/target/wire-settings.ts'
import { DrivenShard, type DrivenOptions, engines, eventually, targetOf } from '../driven-shard.ts'

const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function serve(
  onClient: (client: WebSocket, request: IncomingMessage) => void,
): Promise<{ port: number; clients: Set<WebSocket> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', onClient)
  await once(server, 'listening')
  stops.push(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, clients: server.clients }
}

async function connect(
  url: string,
  wire: Partial<WireSettings> = {},
  options: DrivenOptions = {},
): Promise<DrivenShard> {
  const driven = await DrivenShard.connect(targetOf(url, wire, 'ws'), options)
  stops.push(() => driven.stop())
  return driven
}

const echo = (client: WebSocket): void => {
  client.on('message', (bytes, isBinary) => client.send(bytes, { binary: isBinary }))
}
const NOTHING_WRONG = { duplicated: 0, reordered: 0, foreign: 0 }

describe.each(engines)('the driver of any WebSocket server on the %s engine', (engine) => {
  it('gets each bare payload back, binary', async () => {
    const { port } = await serve(echo)
    const driven = await connect(`ws://127.0.0.1:${port}/`, {}, { engine, connections: 4 })
    expect([driven.shard.established, driven.shard.failed]).toEqual([4, 0])
    driven.echo(40)
    await eventually(() => driven.received.direct === 40)
    expect(driven.received).toEqual({ direct: 40, broadcast: 0, ...NOTHING_WRONG })
  })
})

describe('the driver of any WebSocket server', () => {
  it('sends text by a template and finds its payload in whatever comes back', async () => {
    const seen: { device: string; payload: string }[] = []
    const { port } = await serve((client) =>
      client.on('message', (bytes, isBinary) => {
        expect(isBinary).toBe(false)
        const sent = JSON.parse(bytes.toString())
        seen.push(sent)
        client.send(JSON.stringify({ type: 'echo', body: { nested: [sent.payload] } }))
      }),
    )
    const messageTemplate = '{"device":"{device}","payload":"{payload}"}'
    const driven = await connect(`ws://127.0.0.1:${port}/`, { messageTemplate })
    driven.echo(6)
    await eventually(() => driven.received.direct === 6)
    expect(driven.received).toEqual({ direct: 6, broadcast: 0, ...NOTHING_WRONG })
    expect(new Set(seen.map(({ device }) => device)).size).toBe(3)
    expect(seen.every(({ payload }) => payload.length === 100)).toBe(true)
  })

  it('asks with headers, a subprotocol and a path of its own for each device', async () => {
    const seen: string[] = []
    const { port } = await serve((client, { url, headers }) => {
      seen.push(`${url} ${headers.authorization} ${client.protocol}`)
    })
    const headers = { Authorization: 'Bearer {device}' }
    const url = `ws://127.0.0.1:${port}/socket?user={device}`
    const driven = await connect(url, { headers, subprotocols: ['a.v1', 'b'] })
    expect(driven.failures).toEqual([])
    expect(seen.toSorted()).toEqual(
      [0, 1, 2].map((device) => {
        const name = `bench-16xmrqp-${device}`
        return `/socket?user=${name} Bearer ${name} a.v1`
      }),
    )
  })

  it('is up when the welcome came that it was told to wait for', async () => {
    const { port } = await serve((client) => {
      client.send('{"type":"hello"}')
      client.on('message', (bytes) => {
        client.send(`{"type":"confirm","to":${bytes}}`)
      })
    })
    const wire = { firstMessage: '{"subscribe":"{device}"}', welcomeText: '"confirm"' }
    const driven = await connect(`ws://127.0.0.1:${port}/`, wire)
    expect([driven.shard.established, driven.received.foreign]).toEqual([3, 0])
    expect(driven.shard.handshakeTime.response.count).toBe(3)
  })

  it('opens a session of Socket.IO 4 and answers the pings of Engine.IO', async () => {
    const pongs: string[] = []
    const { port } = await serve((client) => {
      client.send('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}')
      client.on('message', (bytes) => {
        const text = bytes.toString()
        if (text === '40') {
          client.send('40{"sid":"y"}')
          client.send('2')
        } else if (text === '3') pongs.push(text)
        else client.send(text)
      })
    })
    const wire = {
      firstMessage: '40',
      welcomeText: '40{',
      answer: { to: '2', text: '3' },
      messageTemplate: '42["echo","{payload}"]',
    }
    const url = `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`
    const driven = await connect(url, wire)
    driven.echo(6)
    await eventually(() => driven.received.direct === 6 && pongs.length === 3)
    expect(driven.received).toEqual({ direct: 6, broadcast: 0, ...NOTHING_WRONG })
  })

  it('asks for signs of life with pings of WebSocket', async () => {
    const { port } = await serve(echo)
    const driven = await connect(`ws://127.0.0.1:${port}/`, {}, { heartbeatSeconds: 1 })
    await eventually(() => driven.shard.heartbeatRtt.response.count >= 3)
    expect(driven.failures).toEqual([])
  })

  it('publishes over a connection of its own to a server that passes messages on', async () => {
    const { port, clients } = await serve((client) =>
      client.on('message', (bytes) => {
        for (const other of clients) if (other !== client) other.send(bytes.toString())
      }),
    )
    const messageTemplate = '{"to":"{device}","payload":"{payload}"}'
    const driven = await connect(`ws://127.0.0.1:${port}/`, { messageTemplate })
    const outcome = await driven.publish('broadcast', 5, { target: driven.target, url: null })
    expect(outcome).toEqual({ answered: 5, refused: [], broken: null })
    await eventually(() => driven.received.broadcast === 15)
    expect(driven.received).toEqual({ direct: 0, broadcast: 15, ...NOTHING_WRONG })
  })

  it('counts what nobody of this run has sent', async () => {
    const { port } = await serve((client) => client.send('good morning'))
    const driven = await connect(`ws://127.0.0.1:${port}/`)
    await eventually(() => driven.received.foreign === 3)
  })

  it.each([
    ['\x15\x03\x03\x00\x02\x02\x28', 'answers with TLS, not HTTP'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'speaks SSH, not HTTP'],
    ['nonsense\r\n', 'bad-http-version'],
  ])('names a server that answers %j: %s', async (answer, cause) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write(Buffer.from(answer, 'latin1'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(() => server.close())
    const driven = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(driven.failures).toMatchObject([{ phase: 'upgrade', cause, count: 3 }])
    const outcome = await driven.publish('unicast', 1, { target: driven.target, url: null })
    expect(outcome.broken).toMatchObject({ code: 'PUSHCTL_TARGET_REFUSED', why: cause })
  })
})
