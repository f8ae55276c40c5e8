/** The built bench against servers of other protocols, publisher and processes included. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import {
  mosquittoMissing,
  nchanMissing,
  startMosquitto,
  startNchan,
} from '../loadgen/target/installed-server.ts'
import { bench, startBench } from './bench-process.ts'

const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const SHORT = ['-c', '40', '--connect-rate', '2k', '-d', '1s', '--warmup', '0s']
const ALL_WELL = { lost: 0, duplicated: 0, reordered: 0, unsent: 0 }

describe('pushctl bench and a WebSocket server', () => {
  it('gets every echo back, and broadcasts over a connection of the publisher', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    stops.push(() => {
      for (const client of server.clients) client.terminate()
      server.close()
    })
    server.on('connection', (client, { url }) => {
      client.on('message', (bytes, binary) => {
        const others = url === '/all' ? server.clients : [client]
        for (const other of others) other.send(bytes, { binary })
      })
    })
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    const words = [...SHORT, '--target-protocol', 'ws']
    const echo = await bench([...words, '--mode', 'echo', '-R', '200', `${url}/echo`])
    expect(echo.report.messages).toMatchObject({ sent: 200, received: 200, ...ALL_WELL })
    expect(echo.report.metrics.echo_latency?.response.count).toBe(200)
    const all = await bench([...words, '--mode', 'broadcast', '--broadcasts', '2', `${url}/all`])
    expect(all.report.messages).toMatchObject({ sent: 2, received: 80, ...ALL_WELL })
    expect(all.report.metrics.broadcast_all?.response.count).toBe(2)
  })
})

describe.skipIf(mosquittoMissing !== null)('pushctl bench and mosquitto', () => {
  it('pushes to topics of devices and to that of all', async () => {
    const broker = await startMosquitto()
    stops.push(() => broker.stop())
    const url = `mqtt://127.0.0.1:${broker.port}`
    const words = [...SHORT, '--mode', 'mixed', '--qos', '1', '--unicasts', '100', url]
    const { report, status } = await bench([...words, '--broadcasts', '1'])
    expect(report.messages).toMatchObject({ sent: 101, received: 140, ...ALL_WELL })
    expect([0, 5]).toContain(status)
  })
})

describe.skipIf(nchanMissing !== null)('pushctl bench and nchan', () => {
  it('pushes to event streams with one POST each', async () => {
    const server = await startNchan(`
      location ~ ^/pub/(.+)$ { nchan_publisher; nchan_channel_id $1; }
      location ~ ^/sub/(.+)$ { nchan_subscriber eventsource; nchan_channel_id $1; }`)
    stops.push(() => server.stop())
    const host = `127.0.0.1:${server.port}`
    const publish = ['--publish', `http://${host}/pub/{device}`]
    const words = [...SHORT, '--mode', 'unicast', '--unicasts', '100', ...publish]
    const { report } = await bench([...words, `sse+http://${host}/sub/{device}`])
    expect(report.messages).toMatchObject({ sent: 100, received: 100, ...ALL_WELL })
  })
})

describe('pushctl bench and a server of another protocol', () => {
  it.each([
    ['mqtt', [], 'speaks HTTP, not MQTT'],
    ['tcp', [], 'speaks HTTP, not the push protocol'],
    ['ws', ['--target-protocol', 'ws'], 'refused every connection'],
    ['sse+http', [], 'refused every connection'],
  ])('names what a %s target is instead', async (scheme, options, message) => {
    const server = createServer((_, response) => response.writeHead(404).end('nothing here'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(() => server.close())
    const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
    const words = [...SHORT, '--quiet', '--mode', 'idle', ...options, url]
    const { status, stderr } = await startBench(words).ended
    expect(status).toBe(4)
    expect(stderr).toContain(message)
  })
})
