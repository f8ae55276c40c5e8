/** The MQTT driver and its publisher against a real broker, which shares no code with them. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { WireSettings } from '../../../../src/loadgen/target/wire-settings.ts'
import { DrivenShard, type DrivenOptions, engines, eventually, targetOf } from '../driven-shard.ts'
import { type InstalledServer, mosquittoMissing, startMosquitto } from '../installed-server.ts'

const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function connect(
  port: number,
  options: DrivenOptions = {},
  wire: Partial<WireSettings> = {},
): Promise<DrivenShard> {
  const driven = await DrivenShard.connect(targetOf(`mqtt://127.0.0.1:${port}`, wire), options)
  stops.push(() => driven.stop())
  return driven
}

const NOTHING_WRONG = { duplicated: 0, reordered: 0, foreign: 0 }

describe.skipIf(mosquittoMissing !== null)(
  `the MQTT driver and mosquitto${mosquittoMissing === null ? '' : ` (${mosquittoMissing})`}`,
  () => {
    let broker: InstalledServer
    beforeAll(async () => {
      broker = await startMosquitto()
    })
    afterAll(() => broker.stop())

    describe.each([
      ['3.1.1', 0],
      ['3.1.1', 1],
      ['5', 0],
      ['5', 1],
    ] as const)('version %s with QoS %d', (mqttVersion, qos) => {
      const wire = { mqttVersion, qos }

      it.each(engines)('brings connections up and gets each echo once (%s)', async (engine) => {
        const driven = await connect(broker.port, { engine, connections: 5 }, wire)
        expect([driven.shard.established, driven.shard.failed]).toEqual([5, 0])
        driven.echo(60)
        await eventually(() => driven.received.direct >= 60)
        expect(driven.received).toEqual({ direct: 60, broadcast: 0, ...NOTHING_WRONG })
      })

      it('publishes to the topic of each device, and to that of all', async () => {
        const options = { connections: 4, broadcast: true }
        const driven = await connect(broker.port, options, wire)
        const way = { target: driven.target, url: null }
        expect(await driven.publish('unicast', 8, way)).toMatchObject({
          answered: 8,
          broken: null,
          refused: [],
        })
        expect(await driven.publish('broadcast', 2, way)).toMatchObject({ answered: 2 })
        await eventually(() => driven.received.direct === 8 && driven.received.broadcast === 8)
        expect(driven.received).toEqual({ direct: 8, broadcast: 8, ...NOTHING_WRONG })
      })
    })

    it('reads messages of 60 KiB, which arrive in parts', async () => {
      const driven = await connect(broker.port, { messageBytes: 60 * 1024 })
      driven.echo(6)
      await eventually(() => driven.received.direct === 6)
      expect(driven.received).toEqual({ direct: 6, broadcast: 0, ...NOTHING_WRONG })
    })

    it('answers its keepalive with PINGREQ and measures the way back', async () => {
      const driven = await connect(broker.port, { heartbeatSeconds: 1 })
      await eventually(() => driven.shard.heartbeatRtt.response.count >= 3)
      expect(driven.failures).toEqual([])
    })

    it.each([
      ['3.1.1', 'connack 5 not-authorized'],
      ['5', 'connack 135 not-authorized'],
    ] as const)('names the refusal of a broker (version %s)', async (mqttVersion, cause) => {
      const closed = await startMosquitto('allow_anonymous false')
      stops.push(() => closed.stop())
      const driven = await connect(closed.port, {}, { mqttVersion })
      expect(driven.failures).toMatchObject([{ phase: 'hello', cause, count: 3 }])
      const outcome = await driven.publish('unicast', 1, { target: driven.target, url: null })
      expect(outcome.broken).toMatchObject({ code: 'PUSHCTL_TARGET_REFUSED', why: cause })
    })
  },
)

describe('the MQTT driver and what is no broker', () => {
  it('names a server of HTTP', async () => {
    const server = createHttpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(() => server.close())
    const driven = await connect((server.address() as AddressInfo).port)
    expect(driven.failures).toMatchObject([{ cause: 'speaks HTTP, not MQTT', count: 3 }])
  })

  it.each([
    ['SSH-2.0-OpenSSH_9.2\r\n', 'speaks SSH, not MQTT'],
    ['\x15\x03\x03\x00\x02\x02\x0a', 'answers with TLS, not MQTT'],
    ['+PONG\r\n', 'no-connack'],
    // A CONNACK whose length does not end, then a SUBACK that nobody asked for.
    ['\x20\xff\xff\xff\xff\x01', 'bad-remaining-length'],
    ['\x20\x02\x00\x00\x20\x02\x00\x00', 'unexpected-packet'],
  ])('which answers %j gets a name: %s', async (answer, cause) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write(Buffer.from(answer, 'latin1'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(() => server.close())
    const driven = await connect((server.address() as AddressInfo).port)
    expect(driven.failures).toMatchObject([{ phase: 'hello', cause, count: 3 }])
  })
})
