import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import type { PushOutcome } from '../../../src/server/node-control.ts'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from '../../cluster/redis-server.ts'
import { untilTrue } from '../node-stage.ts'
import { type ClusterNode, ClusterStage, push, store, textsOf } from './cluster-stage.ts'

let redis: RunningRedis
let stage: ClusterStage
let a: ClusterNode
let b: ClusterNode
let last = 0

const fresh = () => `device-${++last}`

beforeAll(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  stage = new ClusterStage(redis.url)
  ;[a, b] = (await stage.openAll('a', 'b')) as [ClusterNode, ClusterNode]
})

afterAll(async () => {
  await stage?.close()
  await redis?.remove()
})

async function untilAcked(id: string) {
  await untilTrue(() => true)
  for (;;) {
    const receipt = await a.node.receiptElsewhere(id)
    if (receipt && receipt.acked === receipt.stored) return receipt
  }
}

describe.skipIf(!hasRedis)(`pushes in a cluster${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('of QoS 0 reach a device on another node', async () => {
    const id = fresh()
    const peer = await stage.join(b, id)
    expect(await push(a, [id, 'nobody'], 'x')).toMatchObject({ accepted: 2, stored: 0, online: 1 })
    expect(await peer.until('MSG')).toMatchObject({ payload: 'x', seq: 0 })
  })

  it('that are stored reach it in their order, and are gone when it acks them', async () => {
    const id = fresh()
    const peer = await stage.join(b, id)
    const outcomes: PushOutcome[] = await Promise.all([store(a, [id], '1'), store(a, [id], '2')])
    outcomes.push(await store(b, [id], '3'))
    expect(outcomes[0]).toMatchObject({ accepted: 1, stored: 1, online: 1 })
    await peer.until('MSG', 3)
    expect(textsOf(peer)).toEqual(['1', '2', '3'])
    expect(peer.of('MSG').map(({ seq }) => seq)).toEqual([1, 2, 3])
    peer.send({ type: 'ACK', stream: 0, seq: 3 })
    expect(await untilAcked(outcomes[0]!.pushId)).toMatchObject({ online: 1, sent: 1, acked: 1 })
    await untilAcked(outcomes[2]!.pushId)
    const again = await stage.join(a, id, { inboxSeq: 3 })
    expect(await again.until('WELCOME')).toMatchObject({ inboxSeq: 3 })
    await store(b, [id], '4')
    expect(await again.until('MSG')).toMatchObject({ seq: 4, payload: '4' })
  })

  it('wait for a device that is away, and follow it to the node where it comes back', async () => {
    const id = fresh()
    expect(await store(a, [id], 'while away')).toMatchObject({ stored: 1, online: 0 })
    const peer = await stage.join(b, id)
    expect(await peer.until('MSG')).toMatchObject({ seq: 1, payload: 'while away' })
    peer.destroy()
    const again = await stage.join(a, id)
    expect(await again.until('MSG')).toMatchObject({ seq: 1, payload: 'while away' })
    again.send({ type: 'ACK', stream: 0, seq: 1 })
    await store(b, [id], 'next')
    await again.until('MSG', 2)
    expect(textsOf(again)).toEqual(['while away', 'next'])
  })

  it('to many devices on both nodes are one push with one receipt', async () => {
    const ids = [fresh(), fresh(), fresh()]
    const here = await stage.join(a, ids[0]!)
    const there = await stage.join(b, ids[1]!)
    const outcome = await store(a, ids, 'all of you')
    expect(outcome).toMatchObject({ accepted: 3, stored: 3, online: 2 })
    for (const peer of [here, there]) {
      expect(await peer.until('MSG')).toMatchObject({ payload: 'all of you' })
    }
    here.send({ type: 'ACK', stream: 0, seq: 1 })
    await untilTrue(() => true)
    let acked = 0
    while (acked === 0) acked = (await b.node.receiptElsewhere(outcome.pushId))!.acked
    expect(await b.node.receiptElsewhere(outcome.pushId)).toMatchObject({
      ...{ accepted: 3, stored: 3, online: 2, acked: 1, expired: 0, trimmed: 0 },
    })
    expect(await b.node.receiptElsewhere('0000000000000000-1')).toBeNull()
    expect(await b.node.receiptElsewhere('zz-1')).toBeNull()
  })

  it('with one id are made once, through whichever node they come', async () => {
    const id = fresh()
    const peer = await stage.join(b, id)
    const first = await store(a, [id], 'once', `key-${id}`)
    const second = await store(b, [id], 'once', `key-${id}`)
    const third = await store(a, [id], 'once', `key-${id}`)
    expect(second.pushId).toBe(first.pushId)
    expect(third).toEqual(first)
    await store(a, [id], 'end')
    await peer.until('MSG', 2)
    expect(textsOf(peer)).toEqual(['once', 'end'])
  })

  it('to all, and to a tag, reach the devices of all nodes', async () => {
    const here = await stage.join(a, fresh(), { tags: ['t1'] })
    const there = await stage.join(b, fresh(), { tags: ['t1'] })
    const other = await stage.join(b, fresh())
    const tagged = await a.node.push({ to: { kind: 'tag', tag: 't1' }, payload: Buffer.from('t') })
    expect(tagged.online).toBe(2)
    const all = await b.node.push({ to: { kind: 'all' }, payload: Buffer.from('all') })
    expect(all.online).toBeGreaterThanOrEqual(3)
    await here.until('MSG', 2)
    await there.until('MSG', 2)
    await other.until('MSG')
    expect(textsOf(here)).toEqual(['t', 'all'])
    expect(textsOf(there)).toEqual(['t', 'all'])
    expect(textsOf(other)).toEqual(['all'])
  })
})

describe.skipIf(!hasRedis)('a device in a cluster', () => {
  it('is closed where it was when it comes to another node', async () => {
    const id = fresh()
    const first = await stage.join(a, id)
    const second = await stage.join(b, id)
    expect(await first.bye()).toMatchObject({ type: 'BYE', code: BYE.REPLACED })
    expect(await push(a, [id], 'x')).toMatchObject({ online: 1 })
    await second.until('MSG')
  })

  it('survives once when it races itself on two nodes', async () => {
    for (let round = 0; round < 5; round++) {
      const id = fresh()
      const peers = await Promise.all([stage.connect(a), stage.connect(b), stage.connect(a)])
      for (const peer of peers) peer.send({ type: 'HELLO', deviceId: id, flags: 2 })
      await untilTrue(() => peers.filter(({ isClosed }) => isClosed).length === 2)
      const [survivor] = peers.filter(({ isClosed }) => !isClosed)
      const dead = peers.filter(({ isClosed }) => isClosed)
      expect(dead.map((peer) => peer.frames.at(-1)!.code)).toEqual([BYE.REPLACED, BYE.REPLACED])
      await store(b, [id], 'to the one')
      expect(await survivor!.until('MSG')).toMatchObject({ payload: 'to the one' })
      expect(survivor!.isClosed).toBe(false)
    }
  })

  it('is found and kicked through any node', async () => {
    const id = fresh()
    const peer = await stage.join(b, id)
    expect(await a.node.findDevice(id)).toMatchObject({ deviceId: id, online: true })
    expect(await a.node.findDevice('nobody')).toBeNull()
    expect(await a.node.kickDevice(id)).toBe(true)
    expect(await peer.bye()).toMatchObject({ code: BYE.KICKED })
    let found = true
    while (found) found = await a.node.kickDevice(id)
  })
})
