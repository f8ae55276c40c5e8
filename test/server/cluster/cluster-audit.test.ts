import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from '../../cluster/redis-server.ts'
import { untilTrue } from '../node-stage.ts'
import { type ClusterNode, ClusterStage, push, store, textsOf } from './cluster-stage.ts'

let redis: RunningRedis
let stage: ClusterStage
let a: ClusterNode
let b: ClusterNode

beforeEach(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  stage = new ClusterStage(redis.url, 1_500)
  ;[a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
})

afterEach(async () => {
  await stage?.close()
  await redis?.remove()
})

async function untilStored(through: ClusterNode, id: string, text: string) {
  for (;;) {
    const outcome = await store(through, [id], text).catch(() => null)
    if (outcome !== null) return outcome
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const isServing = ({ node }: ClusterNode) => node.readiness().ready

describe.skipIf(!hasRedis)(`when Redis goes away${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('devices stay and get QoS 0, stored pushes are refused, and all heals', async () => {
    const peer = await stage.join(a, 'd')
    await store(b, ['d'], 'before')
    await peer.until('MSG')
    await redis.stop()
    await expect(store(a, ['d'], 'x')).rejects.toMatchObject({
      code: 'PUSHCTL_CLUSTER_UNREACHABLE',
    })
    expect(await push(a, ['d'], 'local')).toMatchObject({ online: 1 })
    await peer.until('MSG', 2)
    await untilTrue(() => !isServing(a))
    expect(a.node.readiness().reason).toContain('Redis')
    const late = await stage.connect(a)
    late.send({ type: 'HELLO', deviceId: 'late', flags: 2 })
    expect(await late.bye()).toMatchObject({ code: BYE.OVERLOADED })
    await redis.start()
    await untilTrue(() => isServing(a) && isServing(b))
    await untilStored(b, 'd', 'after')
    await peer.until('MSG', 3)
    expect(textsOf(peer)).toEqual(['before', 'local', 'after'])
    expect(peer.isClosed).toBe(false)
  })

  it('and comes back without its data, devices are written there again, with their numbers', async () => {
    const peer = await stage.join(a, 'd')
    await store(b, ['d'], 'one')
    await store(b, ['d'], 'two')
    await peer.until('MSG', 2)
    peer.send({ type: 'ACK', stream: 0, seq: 2 })
    await redis.stop()
    await untilTrue(() => !isServing(a) && !isServing(b))
    await redis.start({ empty: true })
    await untilTrue(() => isServing(a) && isServing(b))
    expect(await untilStored(b, 'd', 'three')).toMatchObject({ online: 1 })
    expect(await peer.until('MSG', 3)).toMatchObject({ seq: 3, payload: 'three' })
  })

  it('for a while only, what was stored meanwhile by nobody is not missed', async () => {
    const peer = await stage.join(a, 'd')
    redis.freeze()
    await untilTrue(() => !isServing(a) && !isServing(b))
    await expect(store(b, ['d'], 'x')).rejects.toMatchObject({
      code: 'PUSHCTL_CLUSTER_UNREACHABLE',
    })
    redis.thaw()
    await untilTrue(() => isServing(a) && isServing(b))
    await untilStored(b, 'd', 'y')
    await peer.until('MSG')
    expect(textsOf(peer)).toEqual(['y'])
  })
})

describe.skipIf(!hasRedis)('when frames between nodes are lost', () => {
  it('the device gets its message all the same, once the node looks', async () => {
    const peer = await stage.join(a, 'd')
    await store(a, ['d'], 'first')
    await peer.until('MSG')
    // Stored by a node that died before it told of it.
    const { link, keys } = b.member
    const { high, low } = { ...b.node.hashOf('d') }
    const { DeviceRegistry, itemOf } = await import('../../../src/cluster/device-registry.ts')
    const { hashText } = await import('../../../src/cluster/key-names.ts')
    const registry = new DeviceRegistry(link, keys, 1)
    const expiresAtS = Math.floor(Date.now() / 1_000) + 60
    const items = [itemOf(expiresAtS, 0, Buffer.from('silent'))]
    const limits = { messagesMax: 10, bytesMax: 1_000 }
    await registry.store([hashText(high, low)], [expiresAtS], items, limits, null)
    await peer.until('MSG', 2)
    expect(textsOf(peer)).toEqual(['first', 'silent'])
  })
})

describe.skipIf(!hasRedis)('a stored broadcast', () => {
  const stored = { ttlSeconds: 60, mode: 'DIRECT' } as const
  const toAll = (through: ClusterNode, text: string, id?: string) =>
    through.node.push({
      to: { kind: 'all' },
      payload: Buffer.from(text),
      stored,
      ...(id === undefined ? {} : { id }),
    })

  it('reaches the devices of all nodes, in one order, and is counted over them', async () => {
    const here = await stage.join(a, 'here')
    const there = await stage.join(b, 'there')
    const one = await toAll(a, '1')
    expect(one).toMatchObject({ stored: 1, online: 2 })
    await toAll(b, '2')
    for (const peer of [here, there]) {
      await peer.until('MSG', 2)
      expect(textsOf(peer)).toEqual(['1', '2'])
    }
    let sent = 0
    while (sent < 2) sent = (await b.node.receiptElsewhere(one.pushId))!.sent
    expect(await a.node.receiptElsewhere(one.pushId)).toMatchObject({
      ...{ accepted: 2, stored: 1, online: 2, sent: 2, acked: 0, state: 'running' },
    })
  })

  it('with one id is made once', async () => {
    const first = await toAll(a, 'x', 'same')
    expect((await toAll(b, 'x', 'same')).pushId).toBe(first.pushId)
  })

  it('goes on at another node for a device that lost its own', async () => {
    const peer = await stage.join(a, 'd')
    await toAll(a, '1')
    const first = await peer.until('MSG')
    peer.destroy()
    await toAll(b, '2')
    const again = await stage.join(b, 'd', { broadcastSeq: first.seq })
    await again.until('MSG')
    expect(textsOf(again)).toEqual(['2'])
    const c = await stage.open('c')
    const third = await stage.join(c, 'd', { broadcastSeq: Number(first.seq) })
    await third.until('MSG')
    expect(textsOf(third)).toEqual(['2'])
  })
})
