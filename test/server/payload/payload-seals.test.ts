import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../../src/engine/epoll-engine.ts'
import { BYE } from '../../../src/protocol/frame-types.ts'
import { headOfMsg, headOfSend } from '../../../src/protocol/payload-heads.ts'
import {
  deviceKeyFrom,
  nextNonce,
  openPayload,
  sealPayload,
} from '../../../src/protocol/payload-seal.ts'
import type { ShardUp } from '../../../src/server/shard-messages.ts'
import { CARRIER_NAMES, type CarrierName, DevicePeer, type FrameObject } from '../device-peer.ts'
import { NodeStage, untilTrue } from '../node-stage.ts'

const ENGINE = EpollEngine.isAvailable() ? 'epoll' : 'node'
const MASTER = new Uint8Array(32).fill(7)
const OTHER_MASTER = new Uint8Array(32).fill(9)
const payloadKeys = [
  { number: 3, key: MASTER },
  { number: 4, key: OTHER_MASTER },
]
const SEALED = 16

let stage: NodeStage
let peers: DevicePeer[] = []

afterEach(async () => {
  for (const peer of peers) peer.destroy()
  peers = []
  await stage.close()
})

async function connect(carrier: CarrierName): Promise<DevicePeer> {
  const peer = await DevicePeer.open(carrier, stage.first)
  peers.push(peer)
  return peer
}

async function join(carrier: CarrierName, deviceId: string, flags: number): Promise<DevicePeer> {
  const peer = await connect(carrier)
  peer.send({ type: 'HELLO', deviceId, flags, tags: ['news'] })
  await peer.until('WELCOME')
  return peer
}

/** What a device reads, or null where its key does not open it. */
function opened(key: Uint8Array, { flags, seq, payload, payload64 }: FrameObject): string | null {
  const bytes =
    payload64 === undefined
      ? Buffer.from(String(payload))
      : Buffer.from(String(payload64), 'base64')
  const text = openPayload(key, headOfMsg(Number(flags), Number(seq)), bytes)
  return text === null ? null : Buffer.from(text).toString()
}

function sealedSend(key: Uint8Array, product: string, payload: string): FrameObject {
  const strings = Buffer.from(`${product}/r`)
  const productEnd = product.length
  const head = headOfSend(strings, {
    productStart: 0,
    productEnd,
    routeStart: productEnd,
    routeEnd: productEnd + 2,
  })
  const payload64 = Buffer.from(sealPayload(key, nextNonce(), head, Buffer.from(payload)))
  return {
    type: 'SEND',
    requestId: 1,
    product,
    route: '/r',
    payload64: payload64.toString('base64'),
  }
}

describe.each(CARRIER_NAMES)('a device over %s that asks for sealed payloads', (carrier) => {
  it('reads every push with its own key, beside devices that get them as they are', async () => {
    stage = await NodeStage.open({ engine: ENGINE, payloadKeys })
    const plain = await join(carrier, 'plain', 2)
    const sealed = await join(carrier, 'sealed', 2 | (3 << 4))
    expect([plain, sealed].map((peer) => peer.of('WELCOME')[0]!['flags'])).toEqual([0, 2])
    for (const id of ['plain', 'sealed']) stage.push(id, `to ${id}`)
    await sealed.until('MSG')
    expect(await stage.broadcast(Buffer.from('to all'))).toBe(2)
    await sealed.until('MSG', 2)
    expect(await stage.broadcast(Buffer.from('to news'), 'news')).toBe(2)
    await sealed.until('MSG', 3)
    await plain.until('MSG', 3)
    expect(plain.of('MSG').map(({ payload }) => payload)).toEqual(['to plain', 'to all', 'to news'])
    const key = deviceKeyFrom(MASTER, Buffer.from('sealed'))
    expect(sealed.of('MSG').map((msg) => opened(key, msg))).toEqual([
      'to sealed',
      'to all',
      'to news',
    ])
    expect(sealed.of('MSG').map(({ flags }) => flags)).toEqual([SEALED, SEALED, SEALED])
    const others = [deviceKeyFrom(OTHER_MASTER, Buffer.from('sealed')), MASTER]
    expect(others.map((other) => opened(other, sealed.of('MSG')[0]!))).toEqual([null, null])
  })

  it('has what it sends opened, and goes when it is not its own', async () => {
    stage = await NodeStage.open({ engine: ENGINE, payloadKeys, webhooks: null })
    const key = deviceKeyFrom(OTHER_MASTER, Buffer.from('sender'))
    const peer = await join(carrier, 'sender', 4 << 4)
    peer.send(sealedSend(key, 'echo', 'there and back'))
    await peer.until('SENT')
    expect(opened(key, peer.of('MSG')[0]!)).toBe('there and back')
    peer.send(sealedSend(key, 'chat', 'upstream'))
    await peer.until('SENT', 2)
    const [rows] = stage.messages.filter(
      (each): each is Extract<ShardUp, { kind: 'upstream' }> => each.kind === 'upstream',
    )
    expect(Buffer.from(rows!.texts).toString()).toBe('senderchat/rupstream')
    const moved = { ...sealedSend(key, 'chat', 'to another'), product: 'shop' }
    peer.send(moved)
    expect(await peer.bye()).toMatchObject({ type: 'BYE', code: BYE.PROTOCOL_ERROR })
    expect(stage.refusals('payload-key')).toBe(1)
  })

  it('is told 4003 where the node does not have its key', async () => {
    stage = await NodeStage.open({ engine: ENGINE, payloadKeys })
    const peer = await connect(carrier)
    peer.send({ type: 'HELLO', deviceId: 'x', flags: 5 << 4 })
    expect(await peer.bye()).toMatchObject({ type: 'BYE', code: BYE.UNAUTHORIZED })
    expect(stage.refusals('payload-key')).toBe(1)
  })

  it('is welcome on a node without keys, which says that it seals nothing', async () => {
    stage = await NodeStage.open({ engine: ENGINE })
    const peer = await join(carrier, 'x', 5 << 4)
    expect(peer.of('WELCOME')[0]).toMatchObject({ flags: 0 })
    stage.push('x', 'in clear')
    expect(await peer.until('MSG')).toMatchObject({ flags: 0, payload: 'in clear' })
  })
})

describe('a slot that a device with sealed payloads has left', () => {
  it('serves the next one as it asks', async () => {
    stage = await NodeStage.open({ engine: ENGINE, payloadKeys, capacity: 1 })
    const before = await join('tcp', 'before', 3 << 4)
    stage.push('before', 'x')
    await before.until('MSG')
    before.destroy()
    await untilTrue(() => stage.total('connectionsOpen') === 0)
    const after = await join('tcp', 'after', 0)
    stage.push('after', 'in clear')
    expect(await after.until('MSG')).toMatchObject({ flags: 0, payload: 'in clear' })
  })
})
