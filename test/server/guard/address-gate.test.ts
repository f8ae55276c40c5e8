import { afterEach, describe, expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import type { NodeGuardSettings } from '../../../src/server/guard/guard-settings.ts'
import { type CarrierName, DevicePeer, upgradeHead } from '../device-peer.ts'
import { NodeStage, untilTrue } from '../node-stage.ts'

const V4_HEADER = 'PROXY TCP4 203.0.113.7 192.0.2.2 40000 7000\r\n'
const CARRIERS = ['tcp', 'push.v1', 'push.v1.json'] as const

let stage: NodeStage
const peers: DevicePeer[] = []

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy()
  await stage.close()
})

/** A connection that has said nothing yet. */
function dial(carrier: CarrierName): DevicePeer {
  const peer = new DevicePeer(carrier, stage.first)
  peers.push(peer)
  return peer
}

function helloOf(peer: DevicePeer, deviceId: string): Buffer {
  const hello = peer.encode({ type: 'HELLO', deviceId })
  if (peer.carrier === 'tcp') return hello
  return Buffer.concat([Buffer.from(upgradeHead(peer.carrier)), hello])
}

describe.each(['epoll', 'node'] as const)('addresses on the %s engine', (engine) => {
  async function open(guard: Partial<NodeGuardSettings>): Promise<void> {
    stage = await NodeStage.open({ engine, guard })
  }

  it.each(CARRIERS)('that are denied are cut without a word, on %s', async (carrier) => {
    await open({ deny: ['127.0.0.0/8'] })
    const peer = dial(carrier)
    peer.raw(helloOf(peer, 'a'))
    await untilTrue(() => peer.isClosed)
    expect([peer.frames, peer.status]).toEqual([[], 0])
    expect([stage.refusals('address-denied'), stage.closes('address-denied')]).toEqual([1, 1])
    await untilTrue(() => stage.total('connectionsOpen') === 0)
  })

  it('that are not allowed are cut, those that are come in', async () => {
    await open({ allow: ['10.0.0.0/8'] })
    const peer = dial('tcp')
    await untilTrue(() => peer.isClosed)
    await stage.close()
    await open({ allow: ['10.0.0.0/8', '127.0.0.1'] })
    peers.push(await DevicePeer.join('tcp', stage.first, 'a'))
  })

  it('beyond their connect rate are told to come later', async () => {
    await open({ addressConnectsPerSecond: 0.1 })
    for (let index = 0; index < 5; index++) {
      peers.push(await DevicePeer.join('tcp', stage.first, `device-${index}`))
    }
    const late = dial('tcp')
    expect(await late.bye()).toMatchObject({ type: 'BYE', code: BYE.RATE_LIMITED })
    const lateWeb = dial('push.v1')
    await untilTrue(() => lateWeb.isClosed)
    expect(lateWeb.status).toBe(429)
    expect(stage.refusals('address-rate')).toBe(2)
  })

  it.each(CARRIERS)('said by a trusted balancer count, on %s', async (carrier) => {
    await open({ proxyFrom: ['127.0.0.1'], deny: ['198.51.100.0/24'] })
    const peer = dial(carrier)
    peer.raw(Buffer.concat([Buffer.from(V4_HEADER), helloOf(peer, 'a')]))
    await peer.until('WELCOME')
    expect((await stage.describe('a'))?.address).toBe('203.0.113.7:40000')
    const denied = dial(carrier)
    denied.raw(V4_HEADER.replace('203.0.113.7', '198.51.100.1'))
    await untilTrue(() => denied.isClosed)
    expect([denied.frames, stage.refusals('address-denied')]).toEqual([[], 1])
  })

  it.each(CARRIERS)('are read from a header that comes byte by byte, on %s', async (carrier) => {
    await open({ proxyFrom: ['127.0.0.1'] })
    const peer = dial(carrier)
    for (const byte of Buffer.concat([Buffer.from(V4_HEADER), helloOf(peer, 'a')])) {
      peer.raw(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await peer.until('WELCOME')
    expect((await stage.describe('a'))?.address).toBe('203.0.113.7:40000')
  })

  it('that a balancer claims have a rate of their own', async () => {
    await open({ proxyFrom: ['127.0.0.1'], addressConnectsPerSecond: 0.1 })
    const claim = (address: string) => {
      const peer = dial('tcp')
      const header = V4_HEADER.replace('203.0.113.7', address)
      peer.raw(Buffer.concat([Buffer.from(header), helloOf(peer, `${peers.length}`)]))
      return peer
    }
    for (let index = 0; index < 5; index++) await claim('203.0.113.1').until('WELCOME')
    expect(await claim('203.0.113.1').bye()).toMatchObject({ code: BYE.RATE_LIMITED })
    await claim('203.0.113.2').until('WELCOME')
  })

  it('said by anybody else are a protocol error', async () => {
    await open({ proxyFrom: ['10.0.0.0/8'] })
    const peer = dial('tcp')
    peer.raw(Buffer.concat([Buffer.from(V4_HEADER), helloOf(peer, 'a')]))
    expect(await peer.bye()).toMatchObject({ type: 'BYE', code: BYE.PROTOCOL_ERROR })
    const web = dial('push.v1')
    web.raw(Buffer.concat([Buffer.from(V4_HEADER), helloOf(web, 'b')]))
    await untilTrue(() => web.isClosed)
    expect(web.status).toBe(400)
  })

  it('must be said by a balancer: without a header it is cut', async () => {
    await open({ proxyFrom: ['127.0.0.1'] })
    const peer = dial('tcp')
    peer.raw(helloOf(peer, 'a'))
    await untilTrue(() => peer.isClosed)
    expect([peer.frames, stage.refusals('proxy-header')]).toEqual([[], 1])
  })

  it('of a balancer itself (LOCAL, UNKNOWN) are its own', async () => {
    await open({ proxyFrom: ['127.0.0.1'] })
    const peer = dial('tcp')
    peer.raw(Buffer.concat([Buffer.from('PROXY UNKNOWN\r\n'), helloOf(peer, 'a')]))
    await peer.until('WELCOME')
    expect((await stage.describe('a'))?.address).toBe(`127.0.0.1:${peer.socket.localPort}`)
  })

  it('are not handed on to the next connection on a slot', async () => {
    await open({ proxyFrom: ['127.0.0.1'] })
    for (const header of [V4_HEADER, 'PROXY UNKNOWN\r\n']) {
      const peer = dial('tcp')
      peer.raw(Buffer.concat([Buffer.from(header), helloOf(peer, 'a')]))
      await peer.until('WELCOME')
      const address = (await stage.describe('a'))?.address
      expect(address?.startsWith(header === V4_HEADER ? '203.' : '127.')).toBe(true)
      peer.socket.end()
      await untilTrue(() => stage.total('connectionsOpen') === 0)
    }
  })
})

describe('pages', () => {
  it('that are not named are refused, those that are and programs come in', async () => {
    stage = await NodeStage.open({ engine: 'epoll', guard: { origins: ['https://example.org'] } })
    const statusOf = async (origin: string | null) => {
      const peer = dial('push.v1')
      const line = origin === null ? '' : `Origin: ${origin}\r\n`
      peer.raw(upgradeHead('push.v1').replace('\r\n\r\n', `\r\n${line}\r\n`))
      await untilTrue(() => peer.status !== 0)
      return peer.status
    }
    expect(await statusOf('https://evil.example')).toBe(403)
    expect(await statusOf('https://example.org')).toBe(101)
    expect(await statusOf(null)).toBe(101)
    expect(stage.refusals('origin')).toBe(1)
  })
})
