import { afterEach, describe, expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import type { NodeGuardSettings } from '../../../src/server/guard/guard-settings.ts'
import { STORED_FLAG } from '../../../src/server/inbox/inbox-messages.ts'
import { type CarrierName, DevicePeer } from '../device-peer.ts'
import { NodeStage, untilTrue } from '../node-stage.ts'

let stage: NodeStage | undefined
const peers: DevicePeer[] = []

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy()
  await stage?.close()
  stage = undefined
})

async function open(guard: Partial<NodeGuardSettings> = {}): Promise<NodeStage> {
  stage = await NodeStage.open({ engine: 'epoll', guard })
  return stage
}

async function connect(carrier: CarrierName): Promise<DevicePeer> {
  const peer = await DevicePeer.open(carrier, stage!.first)
  peers.push(peer)
  return peer
}

async function join(carrier: CarrierName, deviceId: string): Promise<DevicePeer> {
  const peer = await DevicePeer.join(carrier, stage!.first, deviceId)
  peers.push(peer)
  return peer
}

function load(level: number): void {
  stage!.first.shard.onMessage({ kind: 'load', level })
}

const CARRIERS = ['tcp', 'push.v1', 'push.v1.json'] as const

describe('a loaded shard', () => {
  it.each(CARRIERS)(
    'refuses HELLOs from level 2 on, keeps its devices, and recovers (%s)',
    async (carrier) => {
      await open()
      const inside = await join(carrier, 'a')
      load(2)
      const late = await connect(carrier)
      late.send({ type: 'HELLO', deviceId: 'b' })
      const bye = await late.bye()
      expect(bye).toMatchObject({ type: 'BYE', code: BYE.OVERLOADED, reason: 'overloaded' })
      expect(bye?.['retryAfterMs']).toBeGreaterThanOrEqual(5_000)
      expect([stage!.refusals('overloaded'), stage!.closes('overloaded')]).toEqual([1, 1])
      inside.send({ type: 'PING' })
      await inside.until('PONG')
      stage!.push('a', 'still here')
      await inside.until('MSG')
      load(1)
      await join(carrier, 'b')
    },
  )

  it('takes upstream data up to level 2, and says that it is overloaded at level 3', async () => {
    await open()
    const device = await join('tcp', 'a')
    const send = { type: 'SEND', product: 'echo', route: '', payload: 'x' }
    load(2)
    device.send({ ...send, requestId: 1 })
    expect(await device.until('SENT')).toMatchObject({ requestId: 1, status: 0 })
    load(3)
    device.send({ ...send, requestId: 2 })
    expect(await device.until('SENT', 2)).toMatchObject({ requestId: 2, status: 2 })
    expect(stage!.refusals('upstream-overloaded')).toBe(1)
  })

  it('lets broadcasts wait from level 1 on, and sends them in order when that is over', async () => {
    await open()
    const device = await join('tcp', 'a')
    load(1)
    await stage!.broadcast(Buffer.from('first'))
    await stage!.broadcast(Buffer.from('second'))
    device.send({ type: 'PING' })
    await device.until('PONG')
    stage!.push('a', 'direct')
    expect(await device.until('MSG')).toMatchObject({ payload: 'direct' })
    load(0)
    await device.until('MSG', 3)
    expect(device.of('MSG').map(({ payload }) => payload)).toEqual(['direct', 'first', 'second'])
  })
})

describe('lazy pushes', () => {
  it('wait for a heartbeat at which the node has time', async () => {
    await open()
    const device = await join('tcp', 'a')
    const { slot, generation } = stage!.directory
    stage!.first.shard.onMessage({
      kind: 'deliver-stored',
      slots: Int32Array.of(slot),
      generations: Uint16Array.of(generation),
      flags: Uint8Array.of(STORED_FLAG.HOLD),
      seqs: Float64Array.of(0),
      payloadEnds: Uint32Array.of(0),
      payloads: new Uint8Array(0),
    })
    const isSignalled = () => stage!.messages.some(({ kind }) => kind === 'signals')
    load(1)
    device.send({ type: 'PING' })
    await device.until('PONG')
    load(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isSignalled()).toBe(false)
    device.send({ type: 'PING' })
    await untilTrue(isSignalled)
  })
})

describe('the rates of a device', () => {
  it.each(CARRIERS)(
    'send it away when it sends too many frames, and nobody else (%s)',
    async (carrier) => {
      await open({ deviceFramesPerSecond: 1 })
      const [loud, calm] = [await join(carrier, 'loud'), await join(carrier, 'calm')]
      loud.send(...Array.from({ length: 40 }, () => ({ type: 'PING' })))
      expect(await loud.bye()).toMatchObject({ type: 'BYE', code: BYE.RATE_LIMITED })
      // The HELLO is one of the twenty that may come at once.
      expect(loud.of('PONG').length).toBe(19)
      expect(stage!.refusals('frame-rate')).toBe(1)
      calm.send({ type: 'PING' })
      await calm.until('PONG')
    },
  )

  it('count WebSocket pings too', async () => {
    await open({ deviceFramesPerSecond: 1 })
    const loud = await join('push.v1', 'loud')
    const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0])
    loud.raw(Buffer.concat(Array.from({ length: 40 }, () => ping)))
    expect(await loud.bye()).toMatchObject({ type: 'BYE', code: BYE.RATE_LIMITED })
  })

  it('send it away when it sends too many bytes', async () => {
    await open({ deviceBytesPerSecond: 1_000 })
    const loud = await join('tcp', 'loud')
    const send = {
      type: 'SEND',
      requestId: 0,
      product: 'x',
      route: '',
      payload: 'x'.repeat(30_000),
    }
    loud.send(send, send, send)
    expect(await loud.bye()).toMatchObject({ type: 'BYE', code: BYE.RATE_LIMITED })
    expect(stage!.refusals('byte-rate')).toBe(1)
  })

  it('drop pushes beyond the rate, and count them', async () => {
    await open({ devicePushesPerSecond: 1 })
    const device = await join('tcp', 'a')
    for (let index = 0; index < 15; index++) stage!.push('a', `${index}`)
    await untilTrue(() => stage!.refusals('push-rate') === 5)
    device.send({ type: 'PING' })
    await device.until('PONG')
    expect(device.of('MSG').length).toBe(10)
  })

  it('start anew for the next device on the same slot', async () => {
    await open({ deviceFramesPerSecond: 1 })
    const first = await join('tcp', 'a')
    first.send(...Array.from({ length: 19 }, () => ({ type: 'PING' })))
    await first.until('PONG', 19)
    first.socket.end()
    await untilTrue(() => stage!.total('connectionsOpen') === 0)
    const second = await join('tcp', 'b')
    second.send(...Array.from({ length: 19 }, () => ({ type: 'PING' })))
    await second.until('PONG', 19)
  })
})

describe('the connect rate of a shard', () => {
  it('lets more wait than it takes, and refuses nobody', async () => {
    await open({ connectsPerSecond: 200 })
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, index) => join('tcp', `device-${index}`)),
    )
    expect(all.length).toBe(60)
    expect(stage!.samples()[0]!.totals.refusals).toEqual({})
  })
})
