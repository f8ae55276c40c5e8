/** The WebSocket driver against the `ws` package: a server that shares no code with it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { EpollEngine } from '../../../src/engine/epoll-engine.ts'
import { deviceNamesOf } from '../../../src/loadgen/device-names.ts'
import { LoadShard } from '../../../src/loadgen/load-shard.ts'
import { payloadTemplate, writeMarker } from '../../../src/loadgen/marker.ts'
import { parseTarget } from '../../../src/loadgen/target/target-address.ts'
import { nowUs } from '../../../src/stats/clock.ts'

const RUN_ID = 5
const WELCOME = Buffer.from([0x81, 0, 60, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1])
const engines = EpollEngine.isAvailable() ? (['epoll', 'node'] as const) : (['node'] as const)
const stops: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function serve(onClient: (client: WebSocket) => void, protocol = 'push.v1'): Promise<string> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  })
  server.on('connection', onClient)
  await once(server, 'listening')
  stops.push(async () => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function connect(url: string, engine: 'epoll' | 'node'): Promise<LoadShard> {
  const shard = await new Promise<LoadShard>((resolve) => {
    const started: LoadShard = new LoadShard(
      {
        share: { connections: 3, shard: 0, shards: 1 },
        targets: [{ ...parseTarget(url), address: '127.0.0.1' }],
        sources: [],
        engine,
        runId: RUN_ID,
        devices: deviceNamesOf(RUN_ID, 3),
        connectsPerSecond: 1e6,
        connectLanes: 1,
        messageBytes: 24,
        qos: 0,
        heartbeatSeconds: 0,
        activities: { echo: false, unicast: true, broadcast: false },
      },
      () => resolve(started),
    )
    started.connector.start(nowUs())
  })
  stops.push(async () => {
    shard.stopSending()
    await shard.close(200)
  })
  return shard
}

function message(seq: number): Buffer {
  const payload = payloadTemplate(24)
  const now = nowUs()
  writeMarker(new DataView(payload.buffer), 0, RUN_ID, seq, now, now)
  return Buffer.concat([Buffer.from([0x83, 0, 0]), payload])
}

const eventually = (condition: () => boolean) =>
  vi.waitUntil(condition, { timeout: 10_000, interval: 5 })

describe.each(engines)('the WebSocket driver on the %s engine', (engine) => {
  it('upgrades, greets with a masked HELLO and reads whole and fragmented messages', async () => {
    const greetings: Buffer[] = []
    const sends: (() => void)[] = []
    const url = await serve((client) => {
      client.on('message', (bytes: Buffer, isBinary) => {
        expect(isBinary).toBe(true)
        greetings.push(bytes)
        client.send(WELCOME)
        sends.push(() => {
          client.send(message(1))
          const second = message(2)
          client.send(second.subarray(0, 10), { binary: true, fin: false })
          client.send(second.subarray(10, 11), { binary: true, fin: false })
          client.send(second.subarray(11), { binary: true, fin: true })
        })
      })
    })
    const shard = await connect(url, engine)
    shard.receipts.begin(0)
    for (const send of sends) send()
    expect([shard.established, shard.failed]).toEqual([3, 0])
    await eventually(() => shard.receipts.received === 6)
    expect(greetings.map((bytes) => bytes[0])).toEqual([1, 1, 1])
    expect(shard.receipts.duplicated).toBe(0)
  })

  it('answers pings of the server with their payload', async () => {
    const pongs: string[] = []
    const url = await serve((client) => {
      client.on('pong', (payload) => pongs.push(payload.toString()))
      client.on('message', () => {
        client.send(WELCOME)
        client.ping('are you there')
      })
    })
    await connect(url, engine)
    await eventually(() => pongs.length === 3)
    expect(pongs).toEqual(Array(3).fill('are you there'))
  })

  it('says goodbye with close code 1000', async () => {
    const codes: number[] = []
    const url = await serve((client) => {
      client.on('close', (code) => codes.push(code))
      client.on('message', () => client.send(WELCOME))
    })
    const shard = await connect(url, engine)
    shard.stopSending()
    await shard.close(2_000)
    stops.pop()
    await eventually(() => codes.length === 3)
    expect(codes).toEqual([1000, 1000, 1000])
  })

  it('names the close code of the server', async () => {
    const url = await serve((client) => client.on('message', () => client.close(4100)))
    const shard = await connect(url, engine)
    expect(shard.failures.rows()).toMatchObject([{ phase: 'hello', cause: 'close 4100', count: 3 }])
  })

  it('refuses a server that chose no subprotocol', async () => {
    const url = await serve(() => {}, 'other')
    const shard = await connect(url, engine)
    expect(shard.failures.rows()).toMatchObject([
      { phase: 'upgrade', cause: 'unexpected-subprotocol', count: 3 },
    ])
  })

  it('names the status of a server that does not upgrade', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('nothing here'))
    server.on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nnothing here')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(async () => server.close())
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const shard = await connect(url, engine)
    expect(shard.failures.rows()).toMatchObject([
      { phase: 'upgrade', cause: 'http 404', count: 3, sample: `${url}: nothing here` },
    ])
  })
})
