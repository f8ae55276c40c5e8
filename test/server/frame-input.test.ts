import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import {
  binaryFrame,
  type CarrierName,
  DevicePeer,
  tcpFrame,
  upgradeHead,
  webSocketFrame,
} from './device-peer.ts'
import { NodeStage, type StageOptions, untilTrue } from './node-stage.ts'

const ENGINES = EpollEngine.isAvailable() ? (['epoll', 'node'] as const) : (['node'] as const)
const HELLO = { type: 'HELLO', deviceId: 'a' }

let stage: NodeStage
let peers: { destroy(): void }[] = []

async function open(options: StageOptions): Promise<void> {
  stage = await NodeStage.open(options)
}

async function peer(carrier: CarrierName): Promise<DevicePeer> {
  const opened = await DevicePeer.open(carrier, stage.first)
  peers.push(opened)
  return opened
}

/** What an HTTP client reads until the node closes. */
async function httpAnswer(...writes: string[]): Promise<string> {
  const socket = connect(stage.first.wsPort, '127.0.0.1')
  peers.push(socket)
  let text = ''
  let isClosed = false
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  socket.on('error', () => {})
  socket.on('close', () => (isClosed = true))
  for (const bytes of writes) socket.write(bytes)
  await untilTrue(() => isClosed)
  return text
}

async function untilEmpty(): Promise<void> {
  await untilTrue(() => stage.total('connectionsOpen') === 0)
  await untilTrue(() => stage.directory.count === 0)
  expect(stage.total('bufferedBytes')).toBe(0)
}

afterEach(async () => {
  for (const each of peers) each.destroy()
  peers = []
  await stage.close()
})

describe.each(ENGINES)('bad input over TCP, %s engine', (engine) => {
  it.each([
    ['garbage', Buffer.from([0x7e, 0xad, 0xbe, 0xef]), BYE.PROTOCOL_ERROR],
    ['garbage that looks long', Buffer.from([0xde, 0xad, 0xbe, 0xef]), BYE.FRAME_TOO_LARGE],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), BYE.PROTOCOL_ERROR],
    ['TLS', Buffer.from('16030100', 'hex'), BYE.PROTOCOL_ERROR],
    ['a long unfinished frame of another type', Buffer.from([0x80, 0x02, 0x05, 1]), 4000],
    ['a frame of no bytes', Buffer.from([0]), BYE.PROTOCOL_ERROR],
    ['a length that is not the shortest', Buffer.from([0x81, 0x00]), BYE.PROTOCOL_ERROR],
    ['a length of 64 KiB and one byte', Buffer.from([0x81, 0x80, 0x04]), BYE.FRAME_TOO_LARGE],
    ['a length without end', Buffer.alloc(9, 0xff), BYE.FRAME_TOO_LARGE],
    ['a truncated HELLO', tcpFrame(binaryFrame(HELLO).subarray(0, 6)), BYE.PROTOCOL_ERROR],
    ['bytes behind a HELLO', tcpFrame(Buffer.concat([binaryFrame(HELLO), Buffer.of(1)])), 4000],
    [
      'a device id that is not UTF-8',
      tcpFrame(binaryFrame(HELLO).map((byte) => (byte === 0x61 ? 0xff : byte))),
      BYE.PROTOCOL_ERROR,
    ],
  ])('is told why: %s', async (_, bytes, code) => {
    await open({ engine })
    const device = await peer('tcp')
    device.raw(bytes)
    expect(await device.bye()).toMatchObject({ type: 'BYE', code })
    await untilEmpty()
  })

  it('is met in pieces of one byte too, and unknown flags are no fault', async () => {
    await open({ engine })
    const device = await peer('tcp')
    for (const byte of device.encode({ ...HELLO, flags: 0xfc, network: 99 })) {
      device.raw(Buffer.of(byte))
    }
    await device.until('WELCOME')
    const ping = device.encode({ type: 'PING', observedIdleSeconds: 70_000 })
    for (const byte of ping) device.raw(Buffer.of(byte))
    await device.until('PONG')
    expect(await stage.describe('a')).toMatchObject({ network: 'unknown' })
  })

  it('above the limit of the node is refused, up to it is not', async () => {
    await open({ engine, limits: { frameBytesMax: 512 } })
    const device = await peer('tcp')
    const send = (payload: string) => ({ type: 'SEND', requestId: 1, product: 'echo', payload })
    const overhead = binaryFrame(send('')).length
    device.send(HELLO, send('x'.repeat(512 - overhead)))
    await device.until('SENT')
    device.send(send('x'.repeat(513 - overhead)))
    expect(await device.bye()).toMatchObject({ code: BYE.FRAME_TOO_LARGE })
  })
})

describe.each(ENGINES)('bad input over WebSocket, %s engine', (engine) => {
  it.each([
    ['no upgrade', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 426],
    ['POST', upgradeHead('push.v1').replace('GET', 'POST'), 405],
    ['HTTP/1.0', upgradeHead('push.v1').replace('HTTP/1.1', 'HTTP/1.0'), 400],
    ['an unknown subprotocol', upgradeHead('mqtt' as CarrierName), 400],
    ['another WebSocket version', upgradeHead('push.v1').replace(': 13', ': 8'), 426],
    ['a bad key', upgradeHead('push.v1').replace(/Key: .*/, 'Key: short'), 400],
    ['garbage', '\x16\x03\x01\x02\x00\x01\r\n\r\n', 400],
    ['too large a head', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(9_000)}\r\n\r\n`, 431],
    ['a head without end', `GET /${'a'.repeat(9_000)}`, 431],
    ['too many headers', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(65)}\r\n`, 431],
  ])('gets an HTTP answer: %s', async (_, head, status) => {
    await open({ engine })
    const answer = await httpAnswer(head)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    await untilEmpty()
    expect(stage.closes(`http-${status}`)).toBe(1)
  })

  it('upgrades byte by byte, also with frames directly behind the head', async () => {
    await open({ engine })
    const device = new DevicePeer('push.v1', stage.first)
    peers.push(device)
    const head = upgradeHead('push.v1')
    const bytes = Buffer.concat([
      Buffer.from(head),
      device.encode(HELLO),
      device.encode({ type: 'PING' }),
    ])
    for (const byte of bytes) device.raw(Buffer.of(byte))
    await device.until('PONG')
    expect(device.frames.map(({ type }) => type)).toEqual(['WELCOME', 'PONG'])
    const key = /Key: (.*)\r/.exec(head)![1]
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    const answer = await httpAnswer(head, '\x88\x80\0\0\0\0')
    expect(answer).toContain(`\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n`)
    expect(answer).toContain('\r\nSec-WebSocket-Protocol: push.v1\r\n')
  })

  it.each([
    ['text on push.v1', 'push.v1', webSocketFrame(1, Buffer.from('{}')), 4000],
    ['binary on push.v1.json', 'push.v1.json', webSocketFrame(2, binaryFrame(HELLO)), 4000],
    ['no JSON', 'push.v1.json', webSocketFrame(1, Buffer.from('HELLO')), 4000],
    [
      'null fields',
      'push.v1.json',
      webSocketFrame(1, Buffer.from('{"type":"HELLO","deviceId":null}')),
      4000,
    ],
    ['no UTF-8', 'push.v1.json', webSocketFrame(1, Buffer.from([0x22, 0xff, 0x22])), 1007],
    ['no mask', 'push.v1', Buffer.from([0x82, 1, 2]), 1002],
    ['reserved bits', 'push.v1', Buffer.from([0xc2, 0x80, 0, 0, 0, 0]), 1002],
    ['a control frame in fragments', 'push.v1', Buffer.from([0x09, 0x80, 0, 0, 0, 0]), 1002],
    ['a continuation of nothing', 'push.v1', Buffer.from([0x80, 0x80, 0, 0, 0, 0]), 1002],
    ['an announced length of 2^40', 'push.v1', Buffer.from('82ff0000010000000000', 'hex'), 4005],
    ['a message of 64 KiB and one byte', 'push.v1', webSocketFrame(2, Buffer.alloc(65_537)), 4005],
    ['its JSON likewise', 'push.v1.json', webSocketFrame(1, Buffer.alloc(65_537, ' ')), 4005],
  ] as const)('ends with a close code: %s', async (_, carrier, bytes, code) => {
    await open({ engine })
    const device = await peer(carrier)
    device.raw(bytes)
    const bye = await device.bye()
    expect(device.closeCode).toBe(code)
    if (code >= 4000) expect(bye).toMatchObject({ type: 'BYE', code })
    else expect(device.frames).toEqual([])
    await untilEmpty()
  })

  it('puts fragments together, with control frames between them', async () => {
    await open({ engine })
    const device = await peer('push.v1')
    const hello = binaryFrame({ ...HELLO, tags: ['t'.repeat(100)] })
    for (let at = 0; at < hello.length; at += 10) {
      const isLast = at + 10 >= hello.length
      device.raw(webSocketFrame(at === 0 ? 2 : 0, hello.subarray(at, at + 10), isLast))
      device.raw(webSocketFrame(9, Buffer.from(`ping ${at}`)))
    }
    await device.until('WELCOME')
    await untilTrue(() => device.pongs.length === Math.ceil(hello.length / 10))
    expect(device.pongs[1]).toBe('ping 10')
    expect((await stage.describe('a'))!.tags).toEqual(['t'.repeat(100)])
  })

  it('fragments that are too large together are refused', async () => {
    await open({ engine })
    const device = await peer('push.v1')
    device.raw(webSocketFrame(2, Buffer.alloc(40_000), false))
    device.raw(webSocketFrame(0, Buffer.alloc(40_000), false))
    expect(await device.bye()).toMatchObject({ code: BYE.FRAME_TOO_LARGE })
  })

  it('answers a close frame with its code', async () => {
    await open({ engine })
    const device = await peer('push.v1')
    device.send(HELLO)
    await device.until('WELCOME')
    device.raw(webSocketFrame(8, Buffer.from([0x0f, 0xa0])))
    await untilTrue(() => device.isClosed)
    expect([device.closeCode, device.of('BYE')]).toEqual([4000, []])
    await untilEmpty()
    expect(stage.closes('websocket-close')).toBe(1)
  })

  it('answers an upgrade that never ends with 408', async () => {
    await open({ engine, limits: { handshakeMs: 500 } })
    const answer = await httpAnswer('GET / HTTP/1.1\r\nHost: x\r\n')
    expect(answer.split('\r\n')).toEqual([
      'HTTP/1.1 408 Request Timeout',
      'Connection: close',
      'Content-Type: text/plain',
      'Content-Length: 18',
      '',
      'handshake-timeout\n',
    ])
    expect(stage.closes('handshake-timeout')).toBe(1)
    await untilEmpty()
  })

  it('answers an upgrade that is half sent when the node ends with 503', async () => {
    await open({ engine })
    const answer = httpAnswer('GET / HTTP/1.1\r\nHost: x\r\n')
    await untilTrue(() => stage.total('bytesReceived') > 0)
    await stage.close()
    expect((await answer).split('\r\n')).toEqual([
      'HTTP/1.1 503 Service Unavailable',
      'Connection: close',
      'Content-Type: text/plain',
      'Content-Length: 9',
      '',
      'shutdown\n',
    ])
  })
})

/** Valid streams, and random bytes; each is cut, repeated or changed at random. */
function mutated(carrier: CarrierName, to: DevicePeer): Buffer {
  const kinds = [
    { type: 'HELLO', deviceId: `fuzz-${randomBytes(1)[0]}`, tags: ['x', 'y'] },
    { type: 'PING' },
    { type: 'SEND', requestId: 3, product: 'echo', payload: 'x'.repeat(randomBytes(1)[0]! * 8) },
    { type: 'BIND', add: 1, tag: `tag ${randomBytes(1)[0]}` },
    { type: 'PULL', stream: 0, afterSeq: 0, max: 5 },
  ]
  const random = (below: number) => randomBytes(4).readUInt32LE() % below
  const parts = [to.encode(kinds[0]!)]
  for (let i = random(6); i > 0; i--) parts.push(to.encode(kinds[random(kinds.length)]!))
  const bytes = Buffer.concat(parts)
  const kind = random(carrier === 'tcp' ? 5 : 4)
  if (kind === 0) return bytes
  if (kind === 4) return randomBytes(random(3_000) + 1)
  if (kind === 1) return bytes.subarray(0, random(bytes.length) + 1)
  for (let i = random(8); i >= 0; i--) bytes[random(bytes.length)] = random(256)
  return bytes
}

describe.each(ENGINES)('a storm of nonsense, %s engine', (engine) => {
  it('costs a well-behaved device no PONG, and leaves nothing behind', async () => {
    await open({ engine, capacity: 4_000, limits: { handshakeMs: 500 } })
    const good = await peer('push.v1.json')
    good.send({ type: 'HELLO', deviceId: 'good' })
    await good.until('WELCOME')
    const endMs = performance.now() + 1_500
    const sockets = new Set<Socket>()
    let pings = 0
    let streams = 0
    while (performance.now() < endMs) {
      const carriers = ['tcp', 'push.v1', 'push.v1.json'] as const
      const devices = await Promise.all(
        Array.from({ length: 12 }, (_, i) => peer(carriers[i % 3]!)),
      )
      for (const device of devices) {
        sockets.add(device.socket)
        device.raw(mutated(device.carrier, device))
        streams++
        if (streams % 3 === 0) device.socket.resetAndDestroy()
        else if (streams % 3 === 1) device.socket.end()
      }
      good.send({ type: 'PING' })
      await good.until('PONG', ++pings)
    }
    for (const socket of sockets) socket.destroy()
    await untilTrue(() => stage.total('connectionsOpen') === 1)
    await untilTrue(() => stage.directory.count === 1)
    expect([stage.total('devicesOnline'), stage.total('bufferedBytes')]).toEqual([1, 0])
    expect(good.frames.every(({ type }) => type === 'WELCOME' || type === 'PONG')).toBe(true)
    expect(streams).toBeGreaterThan(30)
  })
})
