import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import type { PushctlError } from '../../src/errors/pushctl-error.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import type { PushNodeOptions } from '../../src/server/node-options.ts'
import { PushNode } from '../../src/server/push-node.ts'
import { DevicePeer } from './device-peer.ts'
import { nodeOptions } from './node-options.ts'
import { untilTrue } from './node-stage.ts'

let node: PushNode | undefined
let peers: DevicePeer[] = []

function make(options: Partial<PushNodeOptions> = {}): PushNode {
  node = new PushNode(nodeOptions(options))
  return node
}

async function join(of: PushNode, deviceId: string): Promise<DevicePeer> {
  const [tcp, ws] = of.listeners
  const peer = await DevicePeer.join('tcp', { tcpPort: tcp!.port, wsPort: ws!.port }, deviceId)
  peers.push(peer)
  return peer
}

/** Joins until each shard has one: the kernel decides where a connection lands. */
async function joinBothShards(of: PushNode): Promise<Map<number, string[]>> {
  const devices = new Map<number, string[]>()
  for (let i = 0; devices.size < 2 || i < 8; i++) {
    await join(of, `device-${i}`)
    const { shard } = (await of.findDevice(`device-${i}`))!
    devices.set(shard, [...(devices.get(shard) ?? []), `device-${i}`])
  }
  return devices
}

const push = (of: PushNode, deviceIds: string[], text: string) =>
  of.push({ to: { kind: 'devices', deviceIds }, payload: Buffer.from(text) })

afterEach(async () => {
  for (const peer of peers) peer.destroy()
  peers = []
  await node?.stop()
})

describe.skipIf(!EpollEngine.isAvailable())('a push node of two shards', () => {
  it('finds a device on any shard, and again where it comes back', async () => {
    const of = make()
    expect(of.readiness()).toMatchObject({ ready: false, reason: 'starting' })
    await of.start()
    of.markReady('127.0.0.1:7002')
    expect(of.readiness().ready).toBe(true)
    await joinBothShards(of)
    for (let i = 0; i < 12; i++) {
      const again = await join(of, 'wanderer')
      expect((await push(of, ['wanderer', 'nobody'], `hop ${i}`)).online).toBe(1)
      expect(await again.until('MSG')).toMatchObject({ payload: `hop ${i}` })
    }
    const wanderers = peers.filter((peer) => peer.of('MSG').length > 0)
    await untilTrue(() => wanderers.filter((peer) => peer.isClosed).length === 11)
    const replaced = wanderers.slice(0, -1).map((peer) => peer.frames.at(-1)!.code)
    expect(new Set(replaced)).toEqual(new Set([BYE.REPLACED]))
    const all = await of.push({ to: { kind: 'all' }, payload: Buffer.from('all') })
    const { counters, shards } = await of.describe()
    expect(counters.devicesOnline).toBe(all.online)
    expect(shards.map((shard) => shard.devicesOnline).every((count) => count > 0)).toBe(true)
    expect(await of.kickDevice('nobody')).toBe(false)
  })

  it('goes on when a shard process dies, without its devices', async () => {
    const of = make({ shardKind: 'process' })
    const lost: number[] = []
    of.onShardLost = (index) => lost.push(index)
    await of.start()
    of.markReady('127.0.0.1:7002')
    const devices = await joinBothShards(of)
    const [victim, survivor] = of.shards
    let isDescribed = false
    void of.describe().then(() => (isDescribed = true))
    process.kill(victim!.link.pid, 'SIGKILL')
    await untilTrue(() => lost.length === 1)
    await of.describe()
    // Asked while both lived: the dead one's part is given up, not waited for.
    expect(isDescribed).toBe(true)
    expect(lost).toEqual([victim!.index])
    const [gone, left] = [devices.get(victim!.index)!, devices.get(survivor!.index)!]
    expect((await push(of, gone, 'x')).online).toBe(0)
    expect((await push(of, left, 'x')).online).toBe(left.length)
    const { counters, shards, state } = await of.describe()
    expect([counters.devicesOnline, state]).toEqual([left.length, 'ready'])
    expect(shards[victim!.index]).toMatchObject({ state: 'down', devicesOnline: 0 })
    expect(of.readiness().ready).toBe(true)
    await of.drainForShutdown(0)
    process.kill(survivor!.link.pid, 'SIGKILL')
    await untilTrue(() => lost.length === 2)
    expect(of.readiness().ready).toBe(false)
  })

  for (const shardKind of ['process', 'thread'] as const) {
    it(`starts a dead ${shardKind} again on its ports, and no counter steps back`, async () => {
      const of = make({ shardKind })
      const back: number[] = []
      const delays: number[] = []
      of.onShardLost = (_index, _exit, restartMs) => delays.push(restartMs)
      of.onShardBack = (index) => back.push(index)
      await of.start()
      of.markReady('127.0.0.1:7002')
      await joinBothShards(of)
      const before = await of.describe()
      const victim = of.shards[0]!
      await victim.link.kill()
      await untilTrue(() => back.length === 1)
      expect([back, delays]).toEqual([[0], [1_000]])
      const after = await of.describe()
      expect(after.shards[0]).toMatchObject({ state: 'up', restarts: 1, devicesOnline: 0 })
      const { connectionsAccepted, framesReceived, bytesSent } = after.counters
      expect(connectionsAccepted).toBeGreaterThanOrEqual(before.counters.connectionsAccepted)
      expect(framesReceived).toBeGreaterThanOrEqual(before.counters.framesReceived)
      expect(bytesSent).toBeGreaterThanOrEqual(before.counters.bytesSent)
      const lagOf = ({ gc }: typeof after) => gc.loop_lag!.count
      expect(lagOf(after)).toBeGreaterThanOrEqual(lagOf(before))
      // Nothing is left of the dead one that would accept a connection and never answer.
      const gone = peers.filter((peer) => peer.isClosed).length
      expect(gone).toBeGreaterThan(0)
      const seen = new Set<number>()
      for (let i = 0; i < 24; i++) {
        await join(of, `returning-${i}`)
        seen.add((await of.findDevice(`returning-${i}`))!.shard)
      }
      expect(seen.size).toBe(2)
    })
  }

  it('drains once for all who ask, and the last word is the later one', async () => {
    const of = make()
    await of.start()
    of.markReady('127.0.0.1:7002')
    await joinBothShards(of)
    const slowly = of.drain(1)
    expect(of.readiness()).toMatchObject({ ready: false, reason: 'draining' })
    await Promise.all([of.drainForShutdown(0), slowly])
    await untilTrue(() => peers.every((peer) => peer.isClosed))
    const codes = new Set(peers.map((peer) => peer.frames.at(-1)!.code))
    expect(codes).toContain(BYE.SHUTDOWN)
    expect((await of.describe()).counters.devicesOnline).toBe(0)
  })

  it('moves some devices of all shards elsewhere, stays ready and takes them again', async () => {
    const of = make()
    await of.start()
    of.markReady('127.0.0.1:7002')
    const devices = await joinBothShards(of)
    const count = [...devices.values()].flat().length
    const order = { devices: count - 2, devicesPerSecond: 0, addresses: ['10.0.0.2:7000'] }
    expect(await of.move(order)).toBe(count - 2)
    await untilTrue(() => peers.filter((peer) => peer.isClosed).length === count - 2)
    const moved = peers.filter((peer) => peer.isClosed)
    for (const peer of moved) {
      expect(peer.frames.at(-1)).toMatchObject({ code: BYE.REBALANCE, addresses: order.addresses })
    }
    expect(of.readiness().ready).toBe(true)
    await join(of, 'device-0')
    expect(await of.move({ ...order, devices: 1_000 })).toBeLessThanOrEqual(3)
  })

  it('refuses a port that another has, and leaves nothing running', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    for (const shardCount of [1, 2]) {
      const of = make({ shardCount, listeners: [{ carrier: 'tcp', host: '127.0.0.1', port }] })
      const error = await of.start().catch((cause: PushctlError) => cause)
      expect(error).toMatchObject({ code: 'PUSHCTL_ADDRESS_IN_USE' })
      expect((error as PushctlError).message).toContain(`127.0.0.1:${port}`)
      await untilTrue(() => of.shards.every((shard) => !shard.isAlive))
    }
    server.close()
  })
})
