import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import { CARRIER_NAMES, type CarrierName, DevicePeer } from '../device-peer.ts'
import { NodeStage, untilTrue } from '../node-stage.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

let stage: NodeStage
let receiver: WebhookReceiver
let server: Server | undefined
const peers: DevicePeer[] = []

beforeEach(async () => {
  receiver = await WebhookReceiver.open()
})

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy()
  server?.closeAllConnections()
  server?.close()
  server = undefined
  await stage.close()
  await receiver.close()
})

async function open(options: Partial<Parameters<typeof NodeStage.open>[0]> = {}): Promise<void> {
  stage = await NodeStage.open({ engine: 'node', webhooks: null, ...options })
}

async function join(deviceId: string, carrier: CarrierName = 'tcp', shard = 0) {
  const peer = await DevicePeer.join(carrier, stage.shards[shard]!, deviceId)
  peers.push(peer)
  return peer
}

/** Lines of a consumer that reads. */
async function consume(
  products: string[],
  deviceEvents = false,
): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = []
  const response = await connectConsumer(products, deviceEvents)
  let rest = ''
  response.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop()!
    for (const part of parts) if (part !== '') lines.push(JSON.parse(part))
  })
  return lines
}

async function connectConsumer(
  products: string[],
  deviceEvents: boolean,
): Promise<IncomingMessage> {
  const before = stage.upstream.state().consumers
  server ??= createServer((request: IncomingMessage, response: ServerResponse) => {
    response.flushHeaders()
    const [asked, withEvents] = JSON.parse(decodeURIComponent(request.url!.slice(1)))
    stage.upstream.openConsumer(response, asked, withEvents)
  })
  if (!server.listening) await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const path = `/${encodeURIComponent(JSON.stringify([products, deviceEvents]))}`
  const response = await new Promise<IncomingMessage>((resolve) => {
    get({ host: '127.0.0.1', port, path, agent: false }, resolve).on('error', () => {})
  })
  response.on('error', () => {})
  await untilTrue(() => stage.upstream.state().consumers > before)
  return response
}

describe('what devices send', () => {
  it.each(CARRIER_NAMES)(
    'reaches the webhook over %s, byte for byte, and is answered',
    async (carrier) => {
      await open({ webhooks: receiver.settings() })
      const peer = await join('phone-ä', carrier)
      peer.send(
        { type: 'SEND', requestId: 7, product: 'chat', route: '/room/1', payload: 'grüße "x"' },
        { type: 'SEND', requestId: 2 ** 40, product: 'chat', route: '', payload64: '/wD+' },
      )
      await peer.until('SENT', 2)
      expect(peer.of('SENT')).toEqual([
        { type: 'SENT', requestId: 7, status: 0 },
        { type: 'SENT', requestId: 2 ** 40, status: 0 },
      ])
      await untilTrue(() => receiver.sends.length === 2)
      const session = (await peer.until('WELCOME'))['sessionId']
      const head = { type: 'send', device: 'phone-ä', session, receivedMs: expect.any(Number) }
      expect(receiver.sends).toEqual([
        { ...head, product: 'chat', route: '/room/1', payload: 'grüße "x"' },
        { ...head, product: 'chat', route: '', payload64: '/wD+' },
      ])
      expect(receiver.faults).toEqual([])
    },
  )

  it('is refused where nobody takes the product, and silent where no answer is wanted', async () => {
    await open()
    const chat = await consume(['chat'])
    const peer = await join('a')
    peer.send(
      { type: 'SEND', requestId: 0, product: 'chat', payload: 'quiet' },
      { type: 'SEND', requestId: 1, product: 'mail', payload: 'x' },
      { type: 'SEND', requestId: 2, product: 'chat', payload: 'y' },
    )
    await peer.until('SENT', 2)
    expect(peer.of('SENT').map((sent) => [sent['requestId'], sent['status']])).toEqual([
      [1, 1],
      [2, 0],
    ])
    await untilTrue(() => chat.length === 2)
    expect(chat.map((line) => line['payload'])).toEqual(['quiet', 'y'])
    expect(stage.upstream.state().sends).toEqual({ accepted: 2, refused: 1, overloaded: 0 })
  })

  it('is copied to everybody who takes it, and to no one else', async () => {
    const [target] = receiver.settings().targets
    await open({ webhooks: receiver.settings({ targets: [{ ...target!, product: 'chat' }] }) })
    const all = await consume([])
    const mail = await consume(['mail', 'other'])
    const peer = await join('a')
    peer.send({ type: 'SEND', requestId: 1, product: 'chat', payload: 'x' })
    peer.send({ type: 'SEND', requestId: 2, product: 'mail', payload: 'y' })
    await peer.until('SENT', 2)
    await untilTrue(() => all.length === 2 && mail.length === 1 && receiver.sends.length === 1)
    expect(receiver.sends[0]).toMatchObject({ product: 'chat', payload: 'x' })
  })

  it('is told "overloaded" when the queue of all who take it is full', async () => {
    receiver.otherwise = 'hang'
    await open({ webhooks: receiver.settings({ queuedEventsMax: 40, timeoutMs: 60_000 }) })
    const peer = await join('a')
    for (let requestId = 1; requestId <= 15; requestId++) {
      peer.send({ type: 'SEND', requestId, product: 'chat', payload: 'x' })
    }
    await peer.until('SENT', 15)
    const statuses = peer.of('SENT').map((sent) => sent['status'])
    expect(statuses).toEqual([...Array(10).fill(0), ...Array(5).fill(2)])
  })

  it('stays in order for each device, whatever the receiver does', async () => {
    await open({ webhooks: receiver.settings(), shardCount: 2 })
    receiver.plan.push('error', 'reset', 'error')
    const all = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => join(`d${n}`, 'tcp', n % 2)))
    for (let n = 0; n < 50; n++) {
      for (const peer of all) {
        peer.send({ type: 'SEND', requestId: n + 1, product: 'p', payload: String(n) })
      }
    }
    await Promise.all(all.map((peer) => peer.until('SENT', 50)))
    await untilTrue(() => receiver.sends.length === 300)
    for (let d = 0; d < 6; d++) {
      const of = receiver.sends.filter(({ device }) => device === `d${d}`)
      expect(of.map(({ payload }) => Number(payload))).toEqual(
        Array.from({ length: 50 }, (_, n) => n),
      )
    }
  })
})

describe('a consumer', () => {
  it('that never reads is cut with a last line, and others go on', async () => {
    await open()
    // Nothing but the router's own limit: the kernel takes some megabytes for the peer.
    const stuck = await connectConsumer(['big'], false)
    stuck.pause()
    const peer = await join('a')
    const payload = 'x'.repeat(60_000)
    let sent = 0
    while (stage.upstream.state().consumersCut === 0 && sent < 1_000) {
      for (let k = 0; k < 20; k++) {
        peer.send({ type: 'SEND', requestId: ++sent, product: 'big', payload })
      }
      await peer.until('SENT', sent)
    }
    expect(stage.upstream.state()).toMatchObject({ consumersCut: 1, consumers: 0 })
    expect(peer.of('SENT').map((each) => each['status'])).toContain(2)
    peer.send({ type: 'SEND', requestId: ++sent, product: 'big', payload })
    expect((await peer.until('SENT', sent))['status']).toBe(1)
    const chunks: Buffer[] = []
    for await (const chunk of stuck) chunks.push(chunk as Buffer)
    const lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ type: 'end', code: 'too-slow' })
    for (const line of lines.slice(0, -1)) expect(JSON.parse(line).payload).toBe(payload)
  })

  it('is told when the node goes', async () => {
    await open()
    const lines = await consume([])
    await stage.upstream.close(0)
    await untilTrue(() => lines.length === 1)
    expect(lines[0]).toMatchObject({ type: 'end', code: 'shutting-down' })
  })

  it('is refused where there are enough', async () => {
    await open()
    const response = { on: () => {}, write: () => {}, end: () => {}, destroy: () => {} }
    const router = stage.upstream
    const opened = Array.from({ length: 65 }, () =>
      router.openConsumer(response as never, [], false),
    )
    expect(opened.filter((consumer) => consumer === null)).toHaveLength(1)
    for (const consumer of opened) consumer?.end('shutting-down', '')
  })
})

describe('devices that come and go', () => {
  it('are told with carrier, reason and BYE code', async () => {
    await open({ webhooks: receiver.settings({ deviceEvents: true }) })
    const kicked = await join('kicked', 'push.v1.json')
    const left = await join('left')
    await untilTrue(() => receiver.devices.length === 2)
    stage.kick('kicked')
    left.socket.end()
    await untilTrue(() => receiver.devices.length === 4)
    const of = (device: string) => receiver.devices.filter((each) => each['device'] === device)
    const session = kicked.of('WELCOME')[0]!['sessionId']
    expect(of('kicked')).toMatchObject([
      { type: 'online', session, carrier: 'push.v1.json' },
      { type: 'offline', session, reason: 'kicked', code: BYE.KICKED },
    ])
    expect(of('left')).toMatchObject([
      { type: 'online', carrier: 'tcp' },
      { type: 'offline', reason: 'peer-end', code: 0 },
    ])
  })

  it('are online, not gone, when a newer connection replaces the older one', async () => {
    await open({ shardCount: 2 })
    const lines = await consume(['none'], true)
    const older = await join('a', 'tcp', 0)
    const newer = await join('a', 'tcp', 1)
    await older.bye()
    await untilTrue(() => lines.length === 2)
    newer.socket.end()
    await untilTrue(() => lines.length === 3)
    const told = lines.map(({ type, session }) => [type, session])
    const sessions = [older, newer].map((peer) => peer.of('WELCOME')[0]!['sessionId'])
    expect(told).toEqual([
      ['online', sessions[0]],
      ['online', sessions[1]],
      ['offline', sessions[1]],
    ])
  })

  it('are told to a consumer from when it asks, and to none that does not', async () => {
    await open()
    const plain = await consume([])
    await join('before')
    const lines = await consume([], true)
    await join('after')
    await untilTrue(() => lines.length > 0)
    expect(lines.map(({ device }) => device)).toEqual(['after'])
    expect(plain).toEqual([])
  })
})
