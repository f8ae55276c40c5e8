/** The time of day jumps under a node: what runs goes on, and only expiry follows, by the step. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as inFolder } from 'node:path'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import { createDeviceAuth } from '../../src/server/auth/device-auth.ts'
import { DevicePeer } from './device-peer.ts'
import { canRun, StoredStage } from './inbox/stored-push.ts'
import { NodeStage, untilTrue } from './node-stage.ts'

const ENGINE = EpollEngine.isAvailable() ? 'epoll' : 'node'
const HOUR_S = 3_600
const DAY_S = 24 * HOUR_S
/** A day on, two back, a year on. */
const STEPS_S = [DAY_S, -2 * DAY_S, 365 * DAY_S]

/** CLOCK_REALTIME is set; the other clocks go on. */
function step(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1_000)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('devices of a node whose clock steps', () => {
  let stage: NodeStage
  const peers: DevicePeer[] = []
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.destroy()
    await stage.close()
  })

  async function join(deviceId: string, more: Record<string, unknown> = {}): Promise<DevicePeer> {
    const peer = await DevicePeer.join('tcp', stage.first, deviceId, more)
    peers.push(peer)
    return peer
  }

  it('stay, finish their handshakes, and keep their sessions', async () => {
    stage = await NodeStage.open({ engine: ENGINE, resumeGraceMs: 30_000 })
    const device = await join('a', { heartbeatSeconds: 30 })
    const half = await DevicePeer.open('tcp', stage.first)
    peers.push(half)
    let pongs = 0
    for (const seconds of STEPS_S) {
      step(seconds)
      device.send({ type: 'PING' })
      await device.until('PONG', ++pongs)
    }
    half.send({ type: 'HELLO', deviceId: 'half' })
    await half.until('WELCOME')
    const { sessionId } = device.of('WELCOME')[0]!
    device.destroy()
    await untilTrue(() => stage.directory.count === 1)
    step(DAY_S)
    const again = await join('a')
    expect(again.of('WELCOME')[0]).toMatchObject({ flags: 1, sessionId })
    expect(stage.closes('heartbeat-lost') + stage.closes('handshake-timeout')).toBe(0)
  })

  it('with tokens stay beyond their time, and come in when the clock says so', async () => {
    const folder = await mkdtemp(inFolder(tmpdir(), 'clock-steps-'))
    const secret = 'a secret of thirty-two bytes or more'
    await writeFile(inFolder(folder, 'secret'), secret, { mode: 0o600 })
    const { verify } = await createDeviceAuth(inFolder(folder, 'secret'))
    await rm(folder, { recursive: true })
    stage = await NodeStage.open({ engine: ENGINE, verifyDevice: verify })
    const exp = Math.floor(Date.now() / 1_000) + HOUR_S
    const token = await new SignJWT({ sub: 'a', exp })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secret))
    const device = await join('a', { token })
    step(DAY_S)
    device.send({ type: 'PING' })
    await device.until('PONG')
    const late = await DevicePeer.open('tcp', stage.first)
    peers.push(late)
    late.send({ type: 'HELLO', deviceId: 'a', token })
    expect(await late.bye()).toMatchObject({ code: BYE.UNAUTHORIZED })
    expect(device.isClosed).toBe(false)
    step(-DAY_S)
    await join('a', { token })
  })
})

describe.skipIf(!canRun)('stored pushes of a node whose clock steps', () => {
  let stage: StoredStage
  beforeEach(async () => {
    stage = await new StoredStage().open()
  })
  afterEach(() => stage.close())

  it('expire no earlier than by the step, and are kept where it goes back', async () => {
    const kept = await stage.push(['a'], 'kept', { ttlSeconds: 2 * HOUR_S })
    step(HOUR_S)
    step(-DAY_S)
    step(DAY_S)
    const device = await stage.join('a')
    expect(await device.until('MSG')).toMatchObject({ payload: 'kept', seq: 1 })
    device.send({ type: 'ACK', stream: 0, seq: 1 })
    await untilTrue(() => stage.node.receipt(kept.pushId)?.acked === 1)
    const gone = await stage.push(['b'], 'gone', { ttlSeconds: HOUR_S })
    step(HOUR_S + 1)
    const other = await stage.join('b')
    await stage.push(['b'], 'next', { ttlSeconds: HOUR_S })
    expect(await other.until('MSG')).toMatchObject({ payload: 'next' })
    await untilTrue(() => stage.node.receipt(gone.pushId)?.expired === 1)
  })

  it('are those of a node that says by how much the clock was set', async () => {
    const offset = async () => (await stage.node.describe()).health.clockOffsetSeconds
    const before = await offset()
    step(DAY_S)
    expect(Math.round((await offset()) - before)).toBe(DAY_S)
  })

  it('are one push under one key, whatever the clock says meanwhile', async () => {
    const request = {
      to: { kind: 'devices', deviceIds: ['a'] },
      payload: Buffer.from('once'),
      stored: { ttlSeconds: 30 * DAY_S, mode: 'DIRECT' },
      id: 'key-1',
    } as const
    const first = await stage.node.push(request)
    for (const seconds of [DAY_S, -3 * DAY_S, 2 * DAY_S]) {
      step(seconds)
      expect(await stage.node.push(request)).toEqual(first)
    }
    expect(await stage.pending()).toBe(1)
  })
})
