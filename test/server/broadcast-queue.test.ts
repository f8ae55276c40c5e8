import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createEngine } from '../../src/engine/create-engine.ts'
import {
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type SocketEngine,
} from '../../src/engine/socket-engine.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../src/protocol/websocket-reader.ts'
import { ShardLog } from '../../src/server/broadcast/shard-log.ts'
import { TagIndex } from '../../src/server/tag-index.ts'
import { BroadcastQueue, QUEUE_FULL } from '../../src/server/broadcast-queue.ts'
import { FrameOutput } from '../../src/server/frame-output.ts'
import { CARRIER, SESSION_PHASE, SessionTable } from '../../src/server/session-table.ts'
import { untilTrue } from './node-stage.ts'

/** An engine whose connections are in at once, with the carrier that the test says. */
class Receivers implements EngineHandler {
  readonly engine: SocketEngine
  readonly sessions = new SessionTable(4_000)
  readonly peers: Peer[] = []
  readonly #carrier: (index: number) => number
  accepted = 0

  constructor(carrier: (index: number) => number) {
    this.#carrier = carrier
    this.engine = createEngine('auto', { ...DEFAULT_ENGINE_OPTIONS, capacity: 4_000 }, this)
  }

  async open(count: number): Promise<void> {
    const { port } = await this.engine.listen({
      host: '127.0.0.1',
      port: 0,
      backlog: 4096,
      reusePort: false,
    })
    for (let i = 0; i < count; i++) {
      this.peers.push(new Peer(port))
      await untilTrue(() => this.accepted === i + 1)
    }
  }

  queue(perSecond = 0): BroadcastQueue {
    const output = new FrameOutput(this.engine, this.sessions, 64 * 1024)
    const { engine, sessions } = this
    const tags = new TagIndex(100)
    const log = new ShardLog({ engine, output, tags, sessions, capacity: 100, post: () => {} })
    return new BroadcastQueue(engine, this.sessions, output, log, perSecond)
  }

  onAccept(slots: Int32Array, count: number): void {
    for (const slot of slots.subarray(0, count)) {
      const carrier = this.#carrier(this.accepted++)
      this.sessions.begin(slot, SESSION_PHASE.AWAITING_HELLO, carrier, 0)
      this.sessions.setJoined(slot, 1, 0)
    }
  }

  onConnect(): void {}
  onReceive(): void {}
  onOverflow(): void {}
  onClose(): void {}
}

class Peer {
  readonly socket: Socket
  received = Buffer.alloc(0)

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
    })
  }
}

function payloadOfWebSocket(bytes: Buffer): Buffer {
  const reader = new WebSocketReader({ role: 'client', messageBytesMax: 1 << 20 })
  reader.begin(bytes, 0, bytes.length, 0, 0)
  const event = reader.next()
  expect([WEBSOCKET_EVENT.BINARY, WEBSOCKET_EVENT.TEXT]).toContain(event)
  return bytes.subarray(reader.payloadStart, reader.payloadEnd)
}

let stage: Receivers | undefined

async function receivers(count: number, carrier: (index: number) => number = () => CARRIER.TCP) {
  stage = new Receivers(carrier)
  await stage.open(count)
  return stage
}

afterEach(async () => {
  for (const { socket } of stage?.peers ?? []) socket.destroy()
  await stage?.engine.destroy()
})

describe('the queue of broadcasts', () => {
  it('sends one payload in the form of each carrier', async () => {
    const at = await receivers(3, (index) => index)
    const queue = at.queue()
    expect(queue.start(Buffer.from('héllo'), null)).toBe(3)
    await untilTrue(() => at.peers.every(({ received }) => received.length > 0))
    const [tcp, binary, json] = at.peers.map(({ received }) => received) as [Buffer, Buffer, Buffer]
    const frame = payloadOfWebSocket(binary)
    const reader = new FrameReader({ from: 'node' })
    expect(reader.read(frame, 0, frame.length)).toBe(true)
    const { payloadStart, payloadEnd, seq } = reader
    expect([frame.subarray(payloadStart, payloadEnd).toString(), seq]).toEqual(['héllo', 0])
    expect(tcp).toEqual(Buffer.concat([Buffer.from([frame.length]), frame]))
    const text = JSON.parse(payloadOfWebSocket(json).toString())
    expect(text).toMatchObject({ type: 'MSG', seq: 0, payload: 'héllo' })
    expect([queue.delivered, queue.isEmpty]).toEqual([3, true])
  })

  it('counts and reaches only those who are in, and not who came to the row later', async () => {
    const at = await receivers(4)
    const queue = at.queue()
    const all = Int32Array.of(0, 1, 2, 3)
    at.sessions.end(1)
    at.sessions.begin(1, SESSION_PHASE.JOINING, CARRIER.TCP, 0)
    expect(queue.start(Buffer.from('x'), all)).toBe(3)
    at.sessions.setJoined(1, 1, 0)
    at.engine.abort(2)
    at.sessions.end(2)
    await untilTrue(() => queue.isEmpty)
    await untilTrue(() => at.peers.filter(({ received }) => received.length > 0).length === 2)
    expect(at.peers.map(({ received }) => received.length > 0)).toEqual([true, false, false, true])
  })

  it('keeps the order of broadcasts for every device, over many slices', async () => {
    const at = await receivers(40)
    const queue = at.queue(20_000)
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i};`)
    for (const line of lines) queue.start(Buffer.from(line), null)
    await untilTrue(() => queue.delivered === 800)
    const whole = (peer: Peer) => peer.received.toString('latin1').replaceAll(/[^a-z0-9 ;]/g, '')
    await untilTrue(() => at.peers.every((peer) => whole(peer).length >= lines.join('').length))
    expect(at.peers.map(whole)).toEqual(at.peers.map(() => lines.join('')))
  })

  it('is never faster than its rate', async () => {
    const at = await receivers(30)
    const queue = at.queue(300)
    const startedMs = performance.now()
    queue.start(Buffer.from('x'), null)
    await untilTrue(() => queue.delivered === 30)
    // A lower bound holds on any machine, however slow.
    expect(performance.now() - startedMs).toBeGreaterThan(90)
  })

  it('stops', async () => {
    const at = await receivers(1)
    const queue = at.queue()
    queue.start(Buffer.from('x'), null)
    queue.stop()
    await new Promise(setImmediate)
    expect([queue.delivered, queue.isEmpty]).toEqual([0, true])
  })

  it('refuses what it has no room for, and says so', async () => {
    const receivers = new Receivers(() => CARRIER.TCP)
    await receivers.open(1)
    const queue = receivers.queue(1)
    const payload = new Uint8Array(1)
    let taken = 0
    while (queue.start(payload, null) !== QUEUE_FULL && taken < 10_000) taken++
    expect(taken).toBe(256)
    queue.stop()
    expect(queue.start(payload, null)).toBe(1)
    queue.stop()
    await receivers.engine.destroy()
  })
})
