import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { BroadcastLog, type LogLimits } from '../../../src/server/broadcast/broadcast-log.ts'
import type { PushAddress } from '../../../src/server/node-control.ts'
import { ShardGroup } from '../../../src/server/shard-group.ts'
import { CommitQueue } from '../../../src/server/store/commit-queue.ts'
import { DiskStore } from '../../../src/server/store/disk-store.ts'
import { MemoryStore } from '../../../src/server/store/memory-store.ts'
import type { DevicePeer } from '../device-peer.ts'
import { canRun, StoredStage } from '../inbox/stored-push.ts'
import { untilTrue } from '../node-stage.ts'

const ACK_AND_BROADCAST = 3
let stage: StoredStage | undefined
let folder: string | undefined
afterEach(async () => {
  await stage?.close()
  stage = undefined
  if (folder !== undefined) await rm(folder, { recursive: true })
  folder = undefined
})

const texts = (peer: DevicePeer) => peer.of('MSG').map(({ payload }) => payload)
const seqOf = (peer: DevicePeer, at: number) => Number(peer.of('MSG').at(at)!.seq)
const ack = (peer: DevicePeer, seq: number) => peer.send({ type: 'ACK', stream: 1, seq })
const receipt = (pushId: string) => stage!.node.receipt(pushId)!

function broadcast(text: string, to: PushAddress = { kind: 'all' }, ttlSeconds = 60) {
  const stored = { ttlSeconds, mode: 'DIRECT' } as const
  return stage!.node.push({ to, payload: Buffer.from(text), stored })
}

async function openOnDisk(
  more: { broadcastPerSecond?: number; log?: LogLimits } = {},
): Promise<void> {
  folder ??= await mkdtemp(join(tmpdir(), 'pushctl-log-'))
  stage = await new StoredStage().open(await DiskStore.open(folder), more)
}

describe.skipIf(!canRun)('a stored broadcast', () => {
  it('goes to all who are there, then to who comes, by the cursor of the device', async () => {
    await openOnDisk()
    const [a, b] = [await stage!.join('a'), await stage!.join('b', {}, 'push.v1.json')]
    const first = await broadcast('one')
    expect(first).toMatchObject({ accepted: 2, stored: 1, online: 2 })
    const message = { seq: 1, flags: ACK_AND_BROADCAST, payload: 'one' }
    expect(await a.until('MSG')).toMatchObject(message)
    expect(await b.until('MSG')).toMatchObject(message)
    await broadcast('two')
    await a.until('MSG', 2)
    ack(a, 2)
    const c = await stage!.join('c', { broadcastSeq: 1 })
    expect(c.of('WELCOME')[0]).toMatchObject({ broadcastSeq: 2 })
    await c.until('MSG')
    expect([texts(c), texts(a)]).toEqual([['two'], ['one', 'two']])
    ack(c, 9)
    // Each shard reports on its own.
    const { pushId } = first
    await untilTrue(() => receipt(pushId).acked === 1 && receipt(pushId).sent === 2)
    expect(receipt(pushId)).toMatchObject({ online: 2, sent: 2, acked: 1, state: 'running' })
    const d = await stage!.join('d', { flags: 0 })
    await broadcast('three')
    await d.until('MSG')
    expect(texts(d)).toEqual(['three'])
  })

  it('to a tag goes to its devices, now and later, bound at HELLO or at run time', async () => {
    await openOnDisk()
    const peers = [
      await stage!.join('a', { tags: ['news'] }),
      await stage!.join('b', { tags: ['other'] }),
    ]
    const news: PushAddress = { kind: 'tag', tag: 'news' }
    expect((await broadcast('first', news)).online).toBe(1)
    peers[1]!.send({ type: 'BIND', add: 1, tag: 'news' })
    peers[0]!.send({ type: 'BIND', add: 0, tag: 'news' }, { type: 'PING' })
    peers[1]!.send({ type: 'PING' })
    await Promise.all(peers.map((peer) => peer.until('PONG')))
    expect((await broadcast('second', news)).online).toBe(1)
    await peers[1]!.until('MSG')
    const late = await stage!.join('c', { tags: ['news'] })
    await late.until('MSG', 2)
    expect([...peers, late].map(texts)).toEqual([['first'], ['second'], ['first', 'second']])
  })

  it('is paced, paused, resumed and cancelled', async () => {
    await openOnDisk({ broadcastPerSecond: 50 })
    const peers: DevicePeer[] = []
    for (let i = 0; i < 40; i++) peers.push(await stage!.join(`d${i}`))
    const received = () => peers.flatMap(texts).length
    const { pushId } = await broadcast('slow')
    await untilTrue(() => received() > 0)
    expect(await stage!.node.controlBroadcast(pushId, 'paused')).toMatchObject({ state: 'paused' })
    await untilTrue(() => receipt(pushId).sent === received())
    const atPause = received()
    expect(atPause).toBeLessThan(40)
    const behind = await broadcast('behind')
    const late = await stage!.join('late')
    // An unstored one may overtake; when it is there, the paused one would be too.
    await stage!.node.push({ to: { kind: 'all' }, payload: Buffer.from('fence') })
    await untilTrue(() => [...peers, late].every((peer) => texts(peer).includes('fence')))
    expect(received() - 40).toBe(atPause)
    await stage!.node.controlBroadcast(pushId, 'running')
    await untilTrue(() => [...peers, late].every((peer) => texts(peer).includes('behind')))
    const stored = (peer: DevicePeer) => texts(peer).filter((text) => text !== 'fence')
    expect(new Set(peers.map((peer) => stored(peer).join()))).toEqual(new Set(['slow,behind']))
    expect(stored(late)).toEqual(['slow', 'behind'])
    await untilTrue(() => receipt(behind.pushId).sent === 41)
    const third = await broadcast('third')
    await stage!.node.controlBroadcast(third.pushId, 'cancelled')
    expect(receipt(third.pushId)).toMatchObject({ state: 'cancelled' })
    const after = await broadcast('after')
    await untilTrue(() => receipt(after.pushId).sent === 41)
    expect(receipt(third.pushId).sent).toBeLessThan(41)
    expect(await stage!.node.controlBroadcast('nobody', 'paused')).toBeNull()
  })

  it('goes on after a restart: to those who have not received it, with its state and receipts', async () => {
    await openOnDisk()
    const before = await stage!.join('a')
    const { pushId } = await broadcast('one')
    await before.until('MSG')
    ack(before, 1)
    const paused = await broadcast('two')
    await stage!.node.controlBroadcast(paused.pushId, 'paused')
    await untilTrue(() => receipt(pushId).acked === 1)
    await stage!.close()
    await openOnDisk()
    expect(receipt(pushId)).toMatchObject({ online: 1, sent: 1, acked: 1 })
    const [a, b] = [await stage!.join('a', { broadcastSeq: 1 }), await stage!.join('b')]
    await b.until('MSG')
    await stage!.node.controlBroadcast(paused.pushId, 'running')
    await Promise.all([a.until('MSG'), b.until('MSG', 2)])
    expect([texts(a), texts(b)]).toEqual([['two'], ['one', 'two']])
    await broadcast('three')
    await a.until('MSG', 2)
    expect(seqOf(a, -1)).toBe(3)
  })

  it('with an id is one broadcast, also after a restart', async () => {
    await openOnDisk()
    const push = () =>
      stage!.node.push({
        to: { kind: 'all' },
        payload: Buffer.from('once'),
        stored: { ttlSeconds: 60, mode: 'DIRECT' },
        id: 'sale-7',
      })
    const outcome = await push()
    expect(await push()).toEqual(outcome)
    await stage!.close()
    await openOnDisk()
    expect(await push()).toEqual(outcome)
    const a = await stage!.join('a')
    await broadcast('next')
    await a.until('MSG', 2)
    expect(texts(a)).toEqual(['once', 'next'])
  })

  it('is sent to nobody once its time is over, and says how many did not ack', async () => {
    await openOnDisk()
    const a = await stage!.join('a')
    const { pushId } = await broadcast('short', { kind: 'all' }, 3)
    await a.until('MSG')
    await untilTrue(() => receipt(pushId).state === 'expired' && receipt(pushId).sent === 1)
    expect(receipt(pushId)).toMatchObject({ acked: 0, expired: 1 })
    const b = await stage!.join('b')
    await broadcast('next')
    await b.until('MSG')
    expect(texts(b)).toEqual(['next'])
  })

  it('to a device that lacks much is sent in windows, paced by its acks', async () => {
    await openOnDisk()
    const size = 60_000
    for (let i = 0; i < 5; i++) await broadcast(`${i}`.repeat(size))
    const peer = await stage!.join('a')
    await peer.until('MSG', 2)
    await broadcast('last')
    peer.send({ type: 'PING' })
    await peer.until('PONG')
    expect(peer.of('MSG')).toHaveLength(2)
    for (const seq of [2, 4]) {
      ack(peer, seq)
      await peer.until('MSG', Math.min(6, seq + 2))
    }
    expect(texts(peer).map((text) => String(text)[0])).toEqual(['0', '1', '2', '3', '4', 'l'])
    peer.send({ type: 'PULL', stream: 1, afterSeq: 5, max: 9 })
    await peer.until('MSG', 7)
    expect(peer.of('MSG').at(-1)).toMatchObject({ seq: 6, flags: ACK_AND_BROADCAST | 8 })
    peer.send({ type: 'PULL', stream: 1, afterSeq: 6, max: 9 })
    expect(await peer.until('NOTIFY')).toMatchObject({ stream: 1, headSeq: 6 })
  })

  it('is kept as long as there are not too many, nor too much, also after a restart', async () => {
    await openOnDisk({ log: { entriesMax: 4, bytesMax: 1 << 20 } })
    for (let i = 1; i <= 6; i++) await broadcast(`m${i}`)
    const early = await stage!.join('a')
    await early.until('MSG', 4)
    expect(texts(early)).toEqual(['m3', 'm4', 'm5', 'm6'])
    await stage!.close()
    await openOnDisk({ log: { entriesMax: 4, bytesMax: 10 } })
    const { pushId } = await broadcast('123456')
    const late = await stage!.join('b')
    await late.until('MSG', 3)
    expect(texts(late)).toEqual(['m5', 'm6', '123456'])
    await stage!.close()
    await openOnDisk()
    const last = await stage!.join('c')
    await last.until('MSG', 3)
    expect(texts(last)).toEqual(['m5', 'm6', '123456'])
    expect(receipt(pushId)).toMatchObject({ state: 'running', stored: 1 })
  })

  it('that was paused when all had it is not overtaken for those who came since', async () => {
    await openOnDisk()
    const early = await stage!.join('early')
    const { pushId } = await broadcast('one')
    await early.until('MSG')
    await stage!.node.controlBroadcast(pushId, 'paused')
    const late = await stage!.join('late')
    await broadcast('two')
    await early.until('MSG', 2)
    late.send({ type: 'PING' })
    await late.until('PONG')
    expect(texts(late)).toEqual([])
    await stage!.node.controlBroadcast(pushId, 'running')
    await late.until('MSG', 2)
    expect([texts(early), texts(late)]).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
  })

  it('is asked for by many devices at once after a restart, each with its own cursor', async () => {
    await openOnDisk()
    const count = 300
    for (let i = 1; i <= count; i++) await broadcast(`${i}`)
    await stage!.close()
    await openOnDisk()
    const cursors = Array.from({ length: 30 }, (_, i) => i * 10)
    const peers = await Promise.all(
      cursors.map((broadcastSeq) => stage!.join(`d${broadcastSeq}`, { broadcastSeq })),
    )
    await Promise.all(peers.map((peer, i) => peer.until('MSG', count - cursors[i]!)))
    const expected = cursors.map((cursor) =>
      Array.from({ length: count - cursor }, (_, i) => `${cursor + i + 1}`),
    )
    expect(peers.map(texts)).toEqual(expected)
  })

  it('without a folder is numbered above what devices may have received before', async () => {
    stage = await new StoredStage().open(new MemoryStore(1 << 20))
    const peer = await stage.join('a', { broadcastSeq: 41 })
    await broadcast('one')
    await peer.until('MSG')
    expect(seqOf(peer, 0)).toBeGreaterThan(41)
  })
})

let log: BroadcastLog | undefined
afterEach(() => log?.stop())

/** A log that is kept elsewhere, on a node that has no shard yet. */
function openShared(entriesMax: number): void {
  const store = new MemoryStore(1 << 20)
  const commits = new CommitQueue(store, 1 << 20, { onWritten() {}, onFailed() {} })
  const group = new ShardGroup({ onMessage() {}, onShardLost() {} })
  log = new BroadcastLog(group, commits, store.hashKey, { entriesMax, bytesMax: 1 << 20 })
  log.start(store, true)
}

function take(seq: number): Promise<number> {
  const expiresAtS = Math.floor(Date.now() / 1000) + 60
  const payload = Buffer.from(`text ${seq}`)
  return log!.take({ seq, pushId: `p${seq}`, tag: null, payload, expiresAtS, state: 'running' })
}

const known = (...seqs: number[]) => seqs.filter((seq) => log!.find(`p${seq}`) !== null)

describe('a log that is kept elsewhere', () => {
  it('whose numbers jump was lost there: all entries before the jump go, gaps or not', async () => {
    openShared(10)
    for (const seq of [1, 2, 5, 9]) await take(seq)
    expect(known(1, 2, 5, 9)).toEqual([1, 2, 5, 9])
    await take(1_000)
    expect(known(1, 2, 5, 9, 1_000)).toEqual([1_000])
    expect(log!.headSeq).toBe(1_000)
  })

  it('keeps its entries over a gap that a failed write left', async () => {
    openShared(10)
    for (const seq of [1, 2, 12]) await take(seq)
    expect(known(1, 2, 12)).toEqual([1, 2, 12])
  })
})
