/** Targets with TLS: servers of node:https, node:tls and mosquitto, each with a certificate. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { readAuthorities } from '../../../src/commands/bench/tls-trust.ts'
import { parseTarget, type ResolvedTarget } from '../../../src/loadgen/target/target-address.ts'
import { probeTls, tlsOptionsOf } from '../../../src/loadgen/target/target-tls.ts'
import { DrivenShard, eventually, targetOf } from './driven-shard.ts'
import { mosquittoMissing, startMosquitto } from './installed-server.ts'
import { makeCertificate } from './test-certificate.ts'

const pair = makeCertificate()
const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  stops.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function trusting(target: ResolvedTarget, ca: string | null = pair?.cert ?? null): ResolvedTarget {
  return { ...target, tls: { ca, isVerified: true } }
}

async function connect(target: ResolvedTarget): Promise<DrivenShard> {
  const driven = await DrivenShard.connect(target, { engine: 'node', connections: 3 })
  stops.push(() => driven.stop())
  return driven
}

describe('a target with TLS', () => {
  it.each([
    ['tls://h:7443', 'push-tcp', 7443],
    ['wss://h/', 'push-websocket', 443],
    ['mqtts://h', 'mqtt', 8883],
    ['sse+https://h/s', 'sse', 443],
    ['poll+https://h/p', 'poll', 443],
  ])('is %s', (text, carrier, port) => {
    const target = parseTarget(text)
    expect(target).toMatchObject({ carrier, port, tls: { ca: null, isVerified: true } })
  })

  it('needs a port where the plain one does', () => {
    expect(() => parseTarget('tls://h')).toThrow('a target needs a host and a port')
  })

  it('is asked for by name, and by address without one', () => {
    const tls = { ca: 'PEM', isVerified: true }
    const named = { rejectUnauthorized: true, serverName: 'push.example', ca: 'PEM' }
    expect(tlsOptionsOf({ host: 'push.example', tls })).toEqual(named)
    expect(tlsOptionsOf({ host: '::1', tls })).toEqual({ rejectUnauthorized: true, ca: 'PEM' })
    expect(tlsOptionsOf({ host: 'h' })).toBeUndefined()
  })
})

describe.skipIf(pair === null)('bench over TLS', () => {
  async function secureEcho(): Promise<number> {
    const server = createHttps({ cert: pair!.cert, key: pair!.key })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (client) => {
      client.on('message', (bytes, isBinary) => client.send(bytes, { binary: isBinary }))
    })
    stops.push(() => sockets.clients.forEach((client) => client.terminate()))
    return listening(server)
  }

  it('echoes over wss://, trusting whom it is told to', async () => {
    const port = await secureEcho()
    const driven = await connect(trusting(targetOf(`wss://127.0.0.1:${port}/`, {}, 'ws')))
    expect([driven.shard.established, driven.shard.failed]).toEqual([3, 0])
    driven.echo(30)
    await eventually(() => driven.received.direct === 30)
    const outcome = await driven.publish('unicast', 3, { target: driven.target, url: null })
    expect(outcome).toMatchObject({ broken: null })
  })

  it('counts connections that fail to trust', async () => {
    const port = await secureEcho()
    const driven = await connect(trusting(targetOf(`wss://127.0.0.1:${port}/`, {}, 'ws'), null))
    expect(driven.failures).toMatchObject([{ phase: 'connect', cause: 'EPROTO', count: 3 }])
  })

  it('trusts anybody where it is told to', async () => {
    const port = await secureEcho()
    const target = targetOf(`wss://127.0.0.1:${port}/`, {}, 'ws')
    const driven = await connect({ ...target, tls: { ca: null, isVerified: false } })
    expect(driven.shard.established).toBe(3)
  })

  it('reads events over sse+https://', async () => {
    const server = createHttps({ cert: pair!.cert, key: pair!.key }, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
    })
    stops.push(() => server.closeAllConnections())
    const port = await listening(server)
    const driven = await connect(trusting(targetOf(`sse+https://127.0.0.1:${port}/events`)))
    expect([driven.shard.established, driven.shard.failed]).toEqual([3, 0])
  })

  it.skipIf(mosquittoMissing !== null)('publishes to a real broker over mqtts://', async () => {
    const file = join(tmpdir(), `pushctl-tls-${process.pid}`)
    writeFileSync(`${file}.crt`, pair!.cert)
    writeFileSync(`${file}.key`, pair!.key)
    const settings = `certfile ${file}.crt\nkeyfile ${file}.key`
    const broker = await startMosquitto(settings)
    stops.push(() => broker.stop())
    const driven = await connect(trusting(targetOf(`mqtts://127.0.0.1:${broker.port}`)))
    expect([driven.shard.established, driven.shard.failed]).toEqual([3, 0])
    const outcome = await driven.publish('unicast', 6, { target: driven.target, url: null })
    expect(outcome).toMatchObject({ broken: null, refused: [] })
    await eventually(() => driven.received.direct === 6)
  })

  it.each([
    ['of nobody who is trusted', 'IP:127.0.0.1', null, /nobody who is trusted/],
    ['for another name', 'DNS:other.example', 'own', /certificate for another name/],
  ])('says before the run that a certificate is %s', async (_, name, trust, message) => {
    const other = makeCertificate(name)!
    const port = await listening(createHttps({ cert: other.cert, key: other.key }))
    const target = trusting(targetOf(`wss://127.0.0.1:${port}/`), trust && other.cert)
    await expect(probeTls([target])).rejects.toThrow(message)
  })

  it('says that a target is plain', async () => {
    const server = createTcp((socket) => {
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    const port = await listening(server)
    const target = trusting(targetOf(`tls://127.0.0.1:${port}`))
    await expect(probeTls([target])).rejects.toThrow(/does not speak TLS/)
  })

  it('leaves a target that is not there to the run', async () => {
    await expect(probeTls([trusting(targetOf('tls://127.0.0.1:9'))])).resolves.toBeUndefined()
  })

  it('reads authorities, and refuses what is none', async () => {
    const file = join(tmpdir(), `pushctl-ca-${process.pid}.pem`)
    writeFileSync(file, pair!.cert)
    expect(await readAuthorities(file)).toBe(pair!.cert)
    writeFileSync(file, 'no')
    await expect(readAuthorities(file)).rejects.toThrow(
      `--ca-file must be certificates in PEM, got no certificate in ${file}`,
    )
    await expect(readAuthorities('/nowhere')).rejects.toMatchObject({ code: 'PUSHCTL_CONFIG' })
  })
})
