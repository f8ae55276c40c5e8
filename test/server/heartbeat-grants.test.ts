import { afterEach, describe, expect, it } from 'vitest'
import { HeartbeatGrants, NO_GRANT } from '../../src/server/heartbeat-grants.ts'
import { SessionTable } from '../../src/server/session-table.ts'
import { TICK_MS } from '../../src/server/session-timers.ts'
import { DevicePeer } from './device-peer.ts'
import { NodeStage } from './node-stage.ts'

const ticksOf = (seconds: number) => (seconds * 1000) / TICK_MS

function setUp() {
  const sessions = new SessionTable(200)
  const grants = new HeartbeatGrants(sessions, 200, { secondsMin: 30, secondsMax: 480 }, 0)
  const hello = (slot: number, askedSeconds: number, network = 1) => {
    sessions.networkOf[slot] = network
    grants.onHello(slot, askedSeconds)
    return sessions.heartbeatSeconds[slot]
  }
  const loseMany = () => {
    for (let slot = 100; slot < 200; slot++) {
      hello(slot, 0)
      grants.onLost(slot)
    }
  }
  return { sessions, grants, hello, loseMany }
}

describe('the grant of a device', () => {
  it('is what it asks for within the bounds, or what the node knows of its network', () => {
    const { hello } = setUp()
    expect([hello(0, 60), hello(1, 5), hello(2, 3_600), hello(3, 0), hello(4, 0, 6)]).toEqual([
      60, 30, 480, 300, 480,
    ])
  })

  it('changes with a PONG when the node has learned, and not before', () => {
    const { sessions, grants, hello, loseMany } = setUp()
    hello(0, 0)
    loseMany()
    expect(grants.onPing(0, ticksOf(300), -1)).toBe(NO_GRANT)
    grants.review(60_000)
    expect(grants.onPing(0, ticksOf(300), -1)).toBe(240)
    expect(sessions.heartbeatSeconds[0]).toBe(240)
    expect(grants.onPing(0, ticksOf(240), -1)).toBe(NO_GRANT)
  })

  it('stays what the device asked for, whatever the node learns', () => {
    const { sessions, grants, hello, loseMany } = setUp()
    hello(0, 300)
    loseMany()
    grants.review(60_000)
    expect(grants.onPing(0, ticksOf(300), -1)).toBe(NO_GRANT)
    expect(sessions.heartbeatSeconds[0]).toBe(300)
  })

  it('grows by what devices have seen survive', () => {
    const { grants, hello } = setUp()
    for (let slot = 0; slot < 60; slot++) {
      hello(slot, 0)
      grants.onPing(slot, ticksOf(10), 900)
    }
    grants.review(60_000)
    expect(grants.onPing(0, ticksOf(10), 900)).toBe(330)
  })
})

describe('a shard', () => {
  let stage: NodeStage | undefined
  const peers: DevicePeer[] = []
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.destroy()
    await stage?.close()
  })

  it('answers PING with what the device says it has seen, and without a grant while all is as it was', async () => {
    stage = await NodeStage.open({ engine: 'epoll' })
    const peer = await DevicePeer.join('tcp', stage.first, 'a', { network: 1 })
    peers.push(peer)
    expect(peer.of('WELCOME')[0]).toMatchObject({ heartbeatSeconds: 300 })
    peer.send({ type: 'PING', observedIdleSeconds: 900 })
    expect(await peer.until('PONG')).toEqual({ type: 'PONG' })
  })
})
