/** The driver of Socket.IO against a server that was written from the protocol documents. */
import { afterEach, describe, expect, it } from 'vitest'
import type { WireSettings } from '../../../../src/loadgen/target/wire-settings.ts'
import { socketIoPath } from '../../../../src/loadgen/target/websocket/socket-io.ts'
import { type DrivenOptions, DrivenShard, engines, eventually, targetOf } from '../driven-shard.ts'
import { startTinySocketIo, type TinyServer, type TinyServerOptions } from './socket-io-server.ts'

const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function serve(options: TinyServerOptions = {}): Promise<TinyServer> {
  const server = await startTinySocketIo(options)
  stops.push(() => server.stop())
  return server
}

async function connect(
  { port }: TinyServer,
  wire: Partial<WireSettings> = {},
  options: DrivenOptions = {},
): Promise<DrivenShard> {
  const target = targetOf(`ws://127.0.0.1:${port}/`, wire, 'socketio')
  const driven = await DrivenShard.connect(target, options)
  stops.push(() => driven.stop())
  return driven
}

const NOTHING_WRONG = { duplicated: 0, reordered: 0, foreign: 0 }

describe.each(engines)('the driver of Socket.IO on the %s engine', (engine) => {
  it('gets each event back', async () => {
    const server = await serve()
    const driven = await connect(server, {}, { engine, connections: 4 })
    expect([driven.shard.established, driven.shard.failed]).toEqual([4, 0])
    driven.echo(40)
    await eventually(() => driven.received.direct === 40)
    expect(driven.received).toEqual({ direct: 40, broadcast: 0, ...NOTHING_WRONG })
    expect(server.faults).toEqual([])
  })
})

describe('the driver of Socket.IO', () => {
  it('connects to a namespace with an auth object, and emits the event that is asked for', async () => {
    const server = await serve({ namespace: '/chat' })
    const driven = await connect(server, {
      namespace: '/chat',
      firstMessage: '{"token":"{device}"}',
      event: 'say',
      messageTemplate: '{"text":"{payload}"}',
    })
    driven.echo(3)
    await eventually(() => driven.received.direct === 3)
    expect(server.packets[0]).toMatch(/^40\/chat,\{"token":"bench-[\w-]+-0"\}$/)
    expect(server.packets.at(-1)).toMatch(/^42\/chat,\["say",\{"text":"[\w.-]{100}"\}\]$/)
    expect(server.faults).toEqual([])
  })

  it('answers each ping of the server, and takes control packets for no messages', async () => {
    const server = await serve()
    const driven = await connect(server, {}, { connections: 2 })
    server.ping()
    server.say('6')
    await eventually(() => server.packets.filter((packet) => packet === '3').length === 2)
    expect(driven.received.foreign).toBe(0)
    expect(driven.shard.rows.openCount).toBe(2)
  })

  it('says goodbye to its namespace', async () => {
    const server = await serve()
    const driven = await connect(server, {}, { connections: 1 })
    await driven.stop()
    await eventually(() => server.packets.includes('41'))
    expect(server.faults).toEqual([])
  })

  it('counts events without a marker apart', async () => {
    const server = await serve()
    const driven = await connect(server, {}, { connections: 2 })
    server.say('42["news","of others"]')
    await eventually(() => driven.received.foreign === 2)
  })

  it('says why a namespace refuses', async () => {
    const server = await serve({ refusal: 'not authorized' })
    const driven = await connect(server, {}, { connections: 1 })
    expect(driven.failures).toMatchObject([
      { phase: 'hello', cause: 'disconnect connect_error', count: 1 },
    ])
    expect(driven.failures[0].sample).toContain('not authorized')
  })

  it('counts devices that the server lets go', async () => {
    const server = await serve()
    const driven = await connect(server, {}, { connections: 2 })
    server.say('41')
    await eventually(() => driven.shard.rows.openCount === 0)
    expect(driven.failures).toMatchObject([{ phase: 'idle', cause: 'disconnect socket.io' }])
  })

  it('publishes events to all over a connection of its own', async () => {
    const server = await serve({ mode: 'broadcast' })
    const driven = await connect(server, {}, { connections: 3, broadcast: true })
    const outcome = await driven.publish('broadcast', 5, { target: driven.target, url: null })
    expect(outcome).toMatchObject({ refused: [], broken: null })
    await eventually(() => driven.received.broadcast === 15)
    expect(driven.received).toEqual({ direct: 0, broadcast: 15, ...NOTHING_WRONG })
    expect(server.faults).toEqual([])
  })

  it('says why a publisher is not let in', async () => {
    const server = await serve({ refusal: 'no publishers' })
    const target = targetOf(`ws://127.0.0.1:${server.port}/`, {}, 'socketio')
    const driven = await connect(server, {}, { connections: 1 })
    const outcome = await driven.publish('unicast', 1, { target, url: null })
    expect(outcome.broken).toMatchObject({ code: 'PUSHCTL_TARGET_REFUSED' })
    expect(String((outcome.broken as { why?: string } | null)?.why)).toContain('no publishers')
  })

  it.each([
    ['/', '/socket.io/?EIO=4&transport=websocket'],
    ['/push/', '/push/?EIO=4&transport=websocket'],
    ['/push/?token={device}', '/push/?EIO=4&transport=websocket&token={device}'],
    ['/x?EIO=3&transport=websocket', '/x?EIO=3&transport=websocket'],
  ])('asks for %s as %s', (path, asked) => {
    expect(socketIoPath(path)).toBe(asked)
  })
})
