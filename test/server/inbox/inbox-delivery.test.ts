import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DiskStore } from '../../../src/server/store/disk-store.ts'
import { type DevicePeer, CARRIER_NAMES } from '../device-peer.ts'
import { untilTrue } from '../node-stage.ts'
import { canRun, StoredStage } from './stored-push.ts'

const WANTS_ACK = 1
const REDELIVERY = 8
let stage: StoredStage | undefined
afterEach(async () => {
  await stage?.close()
  stage = undefined
})

const texts = (peer: DevicePeer) => peer.of('MSG').map(({ seq, payload }) => `${seq} ${payload}`)
const ack = (peer: DevicePeer, seq: number) => peer.send({ type: 'ACK', stream: 0, seq })

describe.skipIf(!canRun)('a stored push', () => {
  it.each(CARRIER_NAMES)(
    'goes to a connected device over %s at once, and is gone when acked',
    async (carrier) => {
      stage = await new StoredStage().open()
      const peer = await stage.join('phone', {}, carrier)
      const outcome = await stage.push(['phone', 'away'], 'hello')
      expect(outcome).toMatchObject({ accepted: 2, stored: 2, online: 1 })
      expect(await peer.until('MSG')).toMatchObject({ flags: WANTS_ACK, seq: 1, payload: 'hello' })
      expect(stage.node.receipt(outcome.pushId)).toMatchObject({ sent: 1, acked: 0 })
      ack(peer, 1)
      await untilTrue(() => stage!.node.receipt(outcome.pushId)!.acked === 1)
      expect(await stage.pending()).toBe(1)
      expect(stage.node.receipt('nobody-1')).toBeNull()
    },
  )

  it('waits for its device and is sent until it is acked, numbered without gaps', async () => {
    stage = await new StoredStage().open()
    for (const text of ['a', 'b', 'c']) await stage.push(['phone'], text)
    const first = await stage.join('phone')
    expect(first.of('WELCOME')[0]).toMatchObject({ inboxSeq: 3 })
    await first.until('MSG', 3)
    expect(first.of('MSG').map(({ flags }) => flags)).toEqual([1, 1, 1])
    ack(first, 2)
    await untilTrue(() => first.frames.length >= 4)
    const other = await stage.join('phone', { inboxSeq: 2 })
    expect(await other.until('MSG')).toMatchObject({ seq: 3, flags: WANTS_ACK | REDELIVERY })
    await stage.push(['phone'], 'd')
    await other.until('MSG', 2)
    expect(texts(other)).toEqual(['3 c', '4 d'])
    const last = await stage.join('phone', { inboxSeq: 4 })
    await stage.push(['phone'], 'e')
    await last.until('MSG')
    expect(texts(last)).toEqual(['5 e'])
  })

  it('is handed over in order while older ones are still on their way', async () => {
    stage = await new StoredStage().open()
    for (let i = 0; i < 300; i++) void stage.push(['phone'], `old ${i}`)
    await stage.push(['phone'], 'old 300')
    const peer = await stage.join('phone')
    const pushes = Array.from({ length: 300 }, (_, i) => stage!.push(['phone'], `new ${i}`))
    await Promise.all(pushes)
    await peer.until('MSG', 601)
    const seqs = peer.of('MSG').map(({ seq }) => seq)
    expect(seqs).toEqual(Array.from({ length: 601 }, (_, i) => i + 1))
  })

  it('keeps at most 1,000 unacked on a connection, and goes on with the acks', async () => {
    stage = await new StoredStage().open()
    const peer = await stage.join('phone')
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => stage!.push(['phone'], `${i}`)))
    await peer.until('MSG', 1_000)
    ack(peer, 600)
    await untilTrue(() => true)
    await Promise.all(Array.from({ length: 300 }, (_, i) => stage!.push(['phone'], `m${i}`)))
    await peer.until('MSG', 1_300)
    expect(peer.of('MSG').at(-1)).toMatchObject({ seq: 1_300, flags: WANTS_ACK })
  })

  it('is sent to a device that never acks in smaller and smaller rounds, never in a loop', async () => {
    stage = await new StoredStage().open()
    for (let i = 0; i < 299; i++) void stage.push(['phone'], `${i}`)
    await stage.push(['phone'], 'last')
    for (const count of [300, 300, 250, 62, 15]) {
      const peer = await stage.join('phone')
      await peer.until('MSG', count)
      // Whatever else would come stands before the answer to what is sent now.
      await stage.push(['fence'], 'x')
      peer.send({ type: 'PING' })
      await peer.until('PONG')
      expect(peer.of('MSG')).toHaveLength(count)
    }
  })

  it('is sent once, and then gone, to a device that does not say it will ack', async () => {
    stage = await new StoredStage().open()
    await stage.push(['phone'], 'a')
    const peer = await stage.join('phone', { flags: 0 })
    await peer.until('MSG')
    await stage.push(['phone'], 'b')
    await peer.until('MSG', 2)
    expect(texts(peer)).toEqual(['1 a', '2 b'])
    expect(await stage.pending()).toBe(0)
  })

  it('in mode notify is announced, and pulled', async () => {
    stage = await new StoredStage().open()
    const peer = await stage.join('phone')
    await stage.push(['phone'], 'a', { mode: 'NOTIFY' })
    expect(await peer.until('NOTIFY')).toMatchObject({ stream: 0, headSeq: 1 })
    await stage.push(['phone'], 'b')
    expect(await peer.until('NOTIFY', 2)).toMatchObject({ headSeq: 2 })
    expect(texts(peer)).toEqual([])
    peer.send({ type: 'PULL', stream: 0, afterSeq: 0, max: 1 })
    expect(await peer.until('NOTIFY', 3)).toMatchObject({ headSeq: 2 })
    peer.send({ type: 'PULL', stream: 0, afterSeq: 1, max: 9 })
    await peer.until('MSG', 2)
    expect(texts(peer)).toEqual(['1 a', '2 b'])
    ack(peer, 2)
    peer.send({ type: 'PULL', stream: 0, afterSeq: 2, max: 9 })
    expect(await peer.until('NOTIFY', 4)).toMatchObject({ headSeq: 2 })
    await stage.push(['phone'], 'c')
    await peer.until('MSG', 3)
    expect(await stage.pending()).toBe(1)
  })

  it('is only announced to a device that wants to pull, now and when it comes back', async () => {
    stage = await new StoredStage().open()
    await stage.push(['phone'], 'a')
    const peer = await stage.join('phone', { flags: 3 })
    expect(await peer.until('NOTIFY')).toMatchObject({ headSeq: 1 })
    await stage.push(['phone'], 'b')
    expect(await peer.until('NOTIFY', 2)).toMatchObject({ headSeq: 2 })
    expect(texts(peer)).toEqual([])
  })

  it('in mode lazy waits for the next heartbeat, or for a direct push', async () => {
    stage = await new StoredStage().open()
    const peer = await stage.join('phone')
    await stage.push(['phone'], 'a', { mode: 'LAZY' })
    await stage.push(['phone'], 'b', { mode: 'LAZY' })
    const fence = await stage.join('fence')
    await stage.push(['fence'], 'x')
    await fence.until('MSG')
    expect(texts(peer)).toEqual([])
    peer.send({ type: 'PING' })
    await peer.until('MSG', 2)
    await stage.push(['phone'], 'c', { mode: 'LAZY' })
    await stage.push(['phone'], 'd')
    await peer.until('MSG', 4)
    expect(texts(peer)).toEqual(['1 a', '2 b', '3 c', '4 d'])
  })

  it('with an id is one push, however often it is asked for', async () => {
    stage = await new StoredStage().open()
    const request = {
      to: { kind: 'devices', deviceIds: ['phone'] },
      payload: Buffer.from('once'),
      stored: { ttlSeconds: 60, mode: 'DIRECT' },
      id: 'order-7',
    } as const
    const answers = await Promise.all([stage.node.push(request), stage.node.push(request)])
    expect(await stage.node.push(request)).toEqual(answers[0])
    expect(answers[1]).toEqual(answers[0])
    expect(await stage.pending()).toBe(1)
    await stage.node.push({ ...request, id: 'order-8' })
    expect(await stage.pending()).toBe(2)
  })

  it('is numbered above what a device has received from an older store', async () => {
    stage = await new StoredStage().open()
    const peer = await stage.join('phone', { inboxSeq: 41 })
    expect(peer.of('WELCOME')[0]).toMatchObject({ inboxSeq: 41 })
    await stage.push(['phone'], 'a')
    expect(await peer.until('MSG')).toMatchObject({ seq: 42 })
  })

  it('outlives the node on disk, with its number and its id', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pushctl-node-'))
    stage = await new StoredStage().open(await DiskStore.open(folder))
    const request = {
      to: { kind: 'devices', deviceIds: ['phone'] },
      payload: Buffer.from('a'),
      stored: { ttlSeconds: 60, mode: 'DIRECT' },
      id: 'order-7',
    } as const
    const outcome = await stage.node.push(request)
    await stage.push(['phone'], 'b')
    await stage.close()
    stage = await new StoredStage().open(await DiskStore.open(folder))
    expect(await stage.node.push(request)).toEqual(outcome)
    const peer = await stage.join('phone')
    await peer.until('MSG', 2)
    expect(texts(peer)).toEqual(['1 a', '2 b'])
    ack(peer, 2)
    await untilTrue(() => peer.of('MSG').length === 2)
    await stage.push(['phone'], 'c')
    await peer.until('MSG', 3)
    await stage.close()
    stage = await new StoredStage().open(await DiskStore.open(folder))
    const again = await stage.join('phone')
    await again.until('MSG')
    expect(texts(again)).toEqual(['3 c'])
    await stage.close()
    stage = undefined
    await rm(folder, { recursive: true })
  })
})
