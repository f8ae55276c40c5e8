import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import { NO_GUARD } from '../../src/server/guard/guard-settings.ts'
import { type NodeTuning, tuningOfShard } from '../../src/server/shard-tuning.ts'
import { DevicePeer } from './device-peer.ts'
import { NodeStage, untilTrue } from './node-stage.ts'

const ENGINE = EpollEngine.isAvailable() ? 'epoll' : 'node'
const AS_STARTED: NodeTuning = {
  handshakeMs: 10_000,
  heartbeatSecondsMin: 30,
  heartbeatSecondsMax: 480,
  broadcastPerSecond: 0,
  guard: NO_GUARD,
  payloadKeys: [],
}

let stage: NodeStage
let peers: DevicePeer[] = []

afterEach(async () => {
  for (const peer of peers) peer.destroy()
  peers = []
  await stage.close()
})

async function open(broadcastPerSecond = 0): Promise<void> {
  stage = await NodeStage.open({ engine: ENGINE, broadcastPerSecond })
}

function tune(tuning: Partial<NodeTuning>, guard: Partial<NodeTuning['guard']> = {}): void {
  const whole = { ...AS_STARTED, ...tuning, guard: { ...NO_GUARD, ...guard } }
  stage.first.shard.onMessage(tuningOfShard(whole, 1))
}

async function join(deviceId: string, more: Record<string, unknown> = {}): Promise<DevicePeer> {
  const peer = await DevicePeer.join('tcp', stage.first, deviceId, more)
  peers.push(peer)
  return peer
}

async function connect(): Promise<DevicePeer> {
  const peer = await DevicePeer.open('tcp', stage.first)
  peers.push(peer)
  return peer
}

const granted = (peer: DevicePeer) => peer.of('WELCOME')[0]!['heartbeatSeconds']

describe('a running shard that is told other settings', () => {
  it('grants heartbeats within the new bounds, and lets older grants stand', async () => {
    await open()
    const before = await join('before', { heartbeatSeconds: 480 })
    const chosen = await join('chosen')
    tune({ heartbeatSecondsMin: 60, heartbeatSecondsMax: 120 })
    const after = await join('after', { heartbeatSeconds: 480 })
    const short = await join('short', { heartbeatSeconds: 5 })
    expect([before, after, short].map(granted)).toEqual([480, 120, 60])
    expect((await stage.describe('before'))!.heartbeatSeconds).toBe(480)
    chosen.send({ type: 'PING' })
    expect(await chosen.until('PONG')).toMatchObject({ heartbeatSeconds: 120 })
  })

  it('ends handshakes of new connections at the new limit', async () => {
    await open()
    tune({ handshakeMs: 500 })
    const silent = await connect()
    expect(await silent.bye()).toMatchObject({ code: BYE.HANDSHAKE_TIMEOUT })
  })

  it('limits what devices send, and lifts it again', async () => {
    await open()
    const device = await join('a')
    const flood = (peer: DevicePeer) =>
      peer.send(...Array.from({ length: 200 }, () => ({ type: 'PING' })))
    flood(device)
    await device.until('PONG', 200)
    tune({}, { deviceFramesPerSecond: 1 })
    flood(device)
    expect(await device.bye()).toMatchObject({ code: BYE.RATE_LIMITED })
    tune({})
    const again = await join('a')
    flood(again)
    await again.until('PONG', 200)
  })

  it('cuts addresses that are denied from now on, and no device that is there', async () => {
    await open()
    const device = await join('a')
    tune({}, { deny: ['127.0.0.0/8'] })
    const denied = await connect()
    await untilTrue(() => denied.isClosed)
    expect(stage.refusals('address-denied')).toBe(1)
    tune({})
    await join('b')
    expect(device.isClosed).toBe(false)
  })

  it('goes on with a broadcast at the new pace', async () => {
    await open(1)
    const devices = await Promise.all(Array.from({ length: 20 }, (_, i) => join(`device-${i}`)))
    expect(await stage.broadcast(Buffer.from('x'))).toBe(20)
    tune({ broadcastPerSecond: 0 })
    await Promise.all(devices.map((device) => device.until('MSG')))
  })

  it('seals payloads with keys that came later', async () => {
    await open()
    tune({ payloadKeys: [{ number: 1, key: new Uint8Array(32) }] })
    const device = await join('a', { flags: 1 << 4 })
    expect(device.of('WELCOME')[0]).toMatchObject({ flags: 2 })
  })

  it('takes connections at another rate, and without one again', async () => {
    await open()
    tune({}, { connectsPerSecond: 5 })
    const waiting = Array.from({ length: 20 }, (_, i) => join(`slow-${i}`))
    await waiting[0]
    expect(stage.total('devicesOnline')).toBeLessThan(20)
    tune({})
    await Promise.all(waiting)
  })
})
