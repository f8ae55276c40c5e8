import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import { CARRIER_NAMES, type CarrierName, DevicePeer, type FrameObject } from './device-peer.ts'
import { NodeStage, type StagedShard, type StageOptions, untilTrue } from './node-stage.ts'

const ENGINES = EpollEngine.isAvailable() ? (['epoll', 'node'] as const) : (['node'] as const)
const PAIRS = ENGINES.flatMap((engine) =>
  CARRIER_NAMES.map((carrier) => [engine, carrier] as const),
)

let stage: NodeStage | undefined
let peers: DevicePeer[] = []

async function open(options: StageOptions): Promise<NodeStage> {
  stage = await NodeStage.open(options)
  return stage
}

/** A device that is torn down after the test. */
async function join(
  carrier: CarrierName,
  deviceId: string,
  more: Record<string, unknown> = {},
  shard = stage!.first,
): Promise<DevicePeer> {
  const peer = await DevicePeer.join(carrier, shard, deviceId, more)
  peers.push(peer)
  return peer
}

async function connect(carrier: CarrierName, shard = stage!.first): Promise<DevicePeer> {
  const peer = await DevicePeer.open(carrier, shard)
  peers.push(peer)
  return peer
}

async function expectBye(peer: DevicePeer, code: number): Promise<FrameObject> {
  const bye = await peer.bye()
  expect(bye).toMatchObject({ type: 'BYE', code })
  if (peer.carrier !== 'tcp') expect(peer.closeCode).toBe(code)
  return bye!
}

/** Nothing of a session is left on the node. */
async function untilEmpty(): Promise<void> {
  await untilTrue(() => stage!.total('connectionsOpen') === 0)
  await untilTrue(() => stage!.directory.count === 0)
  expect(stage!.total('bufferedBytes')).toBe(0)
}

afterEach(async () => {
  for (const peer of peers) peer.destroy()
  peers = []
  await stage?.close()
})

describe.each(PAIRS)('a shard on the %s engine, devices on %s', (engine, carrier) => {
  it('welcomes a device with what it grants', async () => {
    await open({ engine })
    const beforeMs = Date.now()
    const peer = await join(carrier, 'phone-1', { heartbeatSeconds: 1_000, network: 4 })
    const [welcome] = peer.of('WELCOME')
    expect(welcome).toMatchObject({
      flags: 0,
      heartbeatSeconds: 480,
      inboxSeq: 0,
      broadcastSeq: 0,
      sessionId: 'abcdef0100000001',
    })
    expect(welcome!.serverTimeMs).toBeGreaterThanOrEqual(beforeMs)
    const state = await stage!.describe('phone-1')
    expect(state).toMatchObject({
      deviceId: 'phone-1',
      carrier,
      network: '4G',
      heartbeatSeconds: 480,
      sessionId: 'abcdef0100000001',
      address: `127.0.0.1:${peer.socket.localPort}`,
    })
    expect(stage!.total('devicesOnline')).toBe(1)
  })

  it('answers PING, SEND, PULL and takes ACK', async () => {
    await open({ engine })
    const peer = await join(carrier, 'a')
    peer.send({ type: 'PING' }, { type: 'PING', observedIdleSeconds: 90 })
    peer.send({ type: 'SEND', requestId: 7, product: 'echo', payload: 'héllo' })
    peer.send({ type: 'SEND', requestId: 0, product: 'echo', payload64: '/wA=' })
    peer.send({ type: 'SEND', requestId: 9, product: 'shop', route: 'cart', payload: 'x' })
    peer.send({ type: 'SEND', requestId: 0, product: 'shop', payload: 'x' })
    peer.send({ type: 'ACK', stream: 1, seq: 3 }, { type: 'PULL', stream: 1, afterSeq: 0, max: 10 })
    await peer.until('NOTIFY')
    expect(peer.frames.slice(1)).toMatchObject([
      { type: 'PONG' },
      { type: 'PONG' },
      { type: 'MSG', seq: 0, payload: 'héllo' },
      { type: 'SENT', requestId: 7, status: 0 },
      { type: 'MSG', seq: 0, payload64: '/wA=' },
      { type: 'SENT', requestId: 9, status: 1 },
      { type: 'NOTIFY', stream: 1, headSeq: 0 },
    ])
  })

  it('pushes to a device, to a tag and to all, and follows BIND', async () => {
    await open({ engine })
    const one = await join(carrier, 'one', { tags: ['news', 'sport', 'news'] })
    const two = await join(carrier, 'two', { tags: ['sport'] })
    expect(stage!.push('one', 'to one')).toBe(true)
    expect(stage!.push('nobody', 'x')).toBe(false)
    await one.until('MSG')
    expect(await stage!.broadcast(Buffer.from('news'), 'news')).toBe(1)
    await one.until('MSG', 2)
    two.send({ type: 'BIND', add: 1, tag: 'news' }, { type: 'BIND', add: 0, tag: 'sport' })
    two.send({ type: 'PING' })
    await two.until('PONG')
    expect((await stage!.describe('two'))!.tags).toEqual(['news'])
    expect(await stage!.broadcast(Buffer.from('more news'), 'news')).toBe(2)
    await two.until('MSG')
    expect(await stage!.broadcast(Buffer.from('sport'), 'sport')).toBe(1)
    expect(await stage!.broadcast(Buffer.from('nothing'), 'weather')).toBe(0)
    expect(await stage!.broadcast(Buffer.from('all'))).toBe(2)
    await one.until('MSG', 5)
    await two.until('MSG', 2)
    const payloads = [one, two].map((peer) => peer.of('MSG').map(({ payload }) => payload))
    expect(payloads).toEqual([
      ['to one', 'news', 'more news', 'sport', 'all'],
      ['more news', 'all'],
    ])
  })

  it('handles what follows HELLO in the same packet after WELCOME, in order', async () => {
    let letIn: (verdict: true) => void = () => {}
    const verifyDevice = () => new Promise<true>((resolve) => (letIn = resolve))
    await open({ engine, verifyDevice })
    const peer = await connect(carrier)
    peer.send(
      { type: 'HELLO', deviceId: 'a' },
      { type: 'PING' },
      { type: 'SEND', requestId: 1, product: 'echo', payload: '1' },
    )
    await untilTrue(() => stage!.messages.some((message) => message.kind === 'hellos'))
    peer.send({ type: 'SEND', requestId: 2, product: 'echo', payload: '2' })
    expect(peer.frames).toEqual([])
    letIn(true)
    await peer.until('SENT', 2)
    expect(peer.frames.map(({ type }) => type)).toEqual([
      'WELCOME',
      'PONG',
      'MSG',
      'SENT',
      'MSG',
      'SENT',
    ])
    expect(peer.of('MSG').map(({ payload }) => payload)).toEqual(['1', '2'])
  })

  it('refuses anything before HELLO, and a second HELLO', async () => {
    await open({ engine })
    const early = await connect(carrier)
    early.send({ type: 'PING' })
    await expectBye(early, BYE.PROTOCOL_ERROR)
    const twice = await join(carrier, 'a')
    twice.send({ type: 'HELLO', deviceId: 'a' })
    await expectBye(twice, BYE.PROTOCOL_ERROR)
    await untilEmpty()
    expect(stage!.closes('protocol-error')).toBe(2)
  })

  it('refuses bad device ids, tags, and frames of the other direction', async () => {
    await open({ engine })
    const cases: [FrameObject, number][] = [
      [{ type: 'HELLO', deviceId: '' }, BYE.BAD_DEVICE_ID],
      [{ type: 'HELLO', deviceId: 'x'.repeat(129) }, BYE.BAD_DEVICE_ID],
      [{ type: 'HELLO', deviceId: 'a', version: 2 }, BYE.PROTOCOL_ERROR],
      [{ type: 'HELLO', deviceId: 'a', tags: ['x'.repeat(129)] }, BYE.PROTOCOL_ERROR],
      [{ type: 'PONG' }, BYE.PROTOCOL_ERROR],
    ]
    for (const [frame, code] of cases) {
      const peer = await connect(carrier)
      peer.send(frame)
      await expectBye(peer, code)
    }
    const tags = Array.from({ length: 32 }, (_, i) => `tag ${i}`)
    const full = await join(carrier, 'a', { tags })
    full.send({ type: 'BIND', add: 1, tag: 'tag 31' }, { type: 'PING' })
    await full.until('PONG')
    full.send({ type: 'BIND', add: 1, tag: 'one more' })
    await expectBye(full, BYE.PROTOCOL_ERROR)
    await untilEmpty()
  })

  it('lets a kicked device read its BYE although it had sent more', async () => {
    await open({ engine })
    const peer = await join(carrier, 'a')
    for (let i = 0; i < 50; i++) {
      peer.send({ type: 'SEND', requestId: 0, product: 'shop', payload: 'x'.repeat(1_000) })
    }
    expect(stage!.kick('a')).toBe(true)
    for (let i = 0; i < 50; i++) peer.send({ type: 'PING' })
    await expectBye(peer, BYE.KICKED)
    await untilEmpty()
  })

  it('replaces an older connection, also where it lies on another shard', async () => {
    await open({ engine, shardCount: 2 })
    const [first, second] = stage!.shards as [StagedShard, StagedShard]
    const oldest = await join(carrier, 'a', {}, first)
    const older = await join(carrier, 'a', {}, first)
    await expectBye(oldest, BYE.REPLACED)
    const newer = await join(carrier, 'a', {}, second)
    await expectBye(older, BYE.REPLACED)
    newer.send({ type: 'PING' })
    await newer.until('PONG')
    await untilTrue(() => stage!.total('connectionsOpen') === 1)
    expect(stage!.push('a', 'found')).toBe(true)
    expect(await newer.until('MSG')).toMatchObject({ payload: 'found' })
    expect((await stage!.describe('a'))!.shard).toBe(1)
    expect(stage!.directory.count).toBe(1)
  })

  it('ends a connection without HELLO, however slowly its bytes come', async () => {
    await open({ engine, limits: { handshakeMs: 500 } })
    const slow = await connect(carrier)
    const bytes = slow.encode({ type: 'HELLO', deviceId: 'a', token: 'x'.repeat(200) })
    let at = 0
    const timer = setInterval(() => slow.raw(bytes.subarray(at, ++at)), 50)
    await expectBye(slow, BYE.HANDSHAKE_TIMEOUT)
    clearInterval(timer)
    await untilEmpty()
  })

  it('refuses when full, and while it drains', async () => {
    await open({ engine, connectionsMax: 1 })
    const inside = await join(carrier, 'a')
    const extra = await connect(carrier)
    extra.send({ type: 'HELLO', deviceId: 'b' })
    const { retryAfterMs } = await expectBye(extra, BYE.NODE_FULL)
    expect(retryAfterMs).toBeGreaterThanOrEqual(5_000)
    stage!.drain(BYE.DRAIN, 0, ['10.0.0.2:7000', 'ws://10.0.0.3:7001/'])
    expect(await expectBye(inside, BYE.DRAIN)).toMatchObject({
      retryAfterMs: 0,
      addresses: [carrier === 'tcp' ? '10.0.0.2:7000' : 'ws://10.0.0.3:7001/'],
    })
    await untilTrue(() => stage!.messages.some((message) => message.kind === 'drained'))
    const late = await connect(carrier)
    late.send({ type: 'HELLO', deviceId: 'c' })
    await expectBye(late, BYE.DRAIN)
    await untilEmpty()
  })

  it('refuses a device whose token is not good', async () => {
    const verifyDevice = async (token: string, id: string) => token === `${id}!` || 'no'
    await open({ engine, verifyDevice })
    await join(carrier, 'a', { token: 'a!' })
    const thief = await connect(carrier)
    thief.send({ type: 'HELLO', deviceId: 'b', token: 'a!', tags: ['t'] })
    await expectBye(thief, BYE.UNAUTHORIZED)
    expect(await stage!.broadcast(Buffer.from('x'), 't')).toBe(0)
  })
})

describe('a shard with a heartbeat of one second', () => {
  it('cuts a silent device after its heartbeat, and not one that pings', async () => {
    await open({ engine: ENGINES[0], heartbeatSecondsMin: 1 })
    const silent = await join('tcp', 'silent', { heartbeatSeconds: 1 })
    const lively = await join('tcp', 'lively', { heartbeatSeconds: 1 })
    const timer = setInterval(() => lively.send({ type: 'PING' }), 300)
    await expectBye(silent, BYE.HEARTBEAT_LOST)
    clearInterval(timer)
    expect([lively.isClosed, lively.of('BYE')]).toEqual([false, []])
  })
})
