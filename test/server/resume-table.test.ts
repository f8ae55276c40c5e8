import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { BYE } from '../../src/protocol/frame-types.ts'
import { ResumeTable } from '../../src/server/resume-table.ts'
import { CARRIER_NAMES, DevicePeer } from './device-peer.ts'
import { NodeStage, untilTrue } from './node-stage.ts'

describe('sessions that may be resumed', () => {
  it('are found once, within their grace', () => {
    const table = new ResumeTable(30_000)
    table.remember(1, 2, 77, 5_000)
    table.remember(3, 4, 78, 5_000)
    expect([table.take(1, 2, 35_000), table.take(1, 2, 35_000)]).toEqual([77, 0])
    expect(table.take(3, 4, 35_200)).toBe(0)
    expect(table.take(9, 9, 35_200)).toBe(0)
  })

  it('keep the tags that were bound at run time', () => {
    const table = new ResumeTable(30_000)
    table.remember(1, 2, 77, 0)
    table.rememberTags(77, ['sport', 'news'], 0)
    expect(table.take(1, 2, 10_000)).toBe(77)
    expect([table.takeTags(77), table.takeTags(77)]).toEqual([['sport', 'news'], []])
  })

  it('agree with a simple model, whoever comes and goes', () => {
    const step = fc.record({
      device: fc.integer({ min: 0, max: 5 }),
      comes: fc.boolean(),
      waitMs: fc.integer({ min: 0, max: 25_000 }).map((ms) => ms - (ms % 100)),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const graceMs = 30_000
        const table = new ResumeTable(graceMs)
        const model = new Map<number, { sessionId: number; atMs: number }>()
        let nowMs = 0
        let sessionId = 0
        for (const { device, comes, waitMs } of steps) {
          nowMs += waitMs
          if (comes) {
            const left = model.get(device)
            const expected = left && nowMs - left.atMs <= graceMs ? left.sessionId : 0
            model.delete(device)
            expect(table.take(device, 7, nowMs)).toBe(expected)
          } else if (!model.has(device)) {
            model.set(device, { sessionId: ++sessionId, atMs: nowMs })
            table.remember(device, 7, sessionId, nowMs)
          }
        }
      }),
    )
  })

  it('are none where there is no grace', () => {
    expect([new ResumeTable(0).isOn, new ResumeTable(1).isOn]).toEqual([false, true])
  })
})

describe.each(CARRIER_NAMES)('a device on %s that comes back', (carrier) => {
  let stage: NodeStage
  const peers: DevicePeer[] = []
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.destroy()
    await stage.close()
  })

  async function join(shard: number, tags: readonly string[] = []): Promise<DevicePeer> {
    const peer = await DevicePeer.join(carrier, stage.shards[shard]!, 'a', { tags })
    peers.push(peer)
    return peer
  }

  const sessionOf = (peer: DevicePeer) => {
    const { flags, sessionId } = peer.of('WELCOME')[0]!
    return { flags, sessionId }
  }

  it('goes on with its session and the tags that it had bound, on another shard too', async () => {
    stage = await NodeStage.open({ engine: 'epoll', shardCount: 2, resumeGraceMs: 30_000 })
    const first = await join(0, ['hello'])
    first.send({ type: 'BIND', add: 1, tag: 'sport' }, { type: 'PING' })
    await first.until('PONG')
    first.destroy()
    await untilTrue(() => stage.directory.count === 0)
    const second = await join(1, ['hello'])
    expect(sessionOf(second)).toEqual({ ...sessionOf(first), flags: 1 })
    await untilTrue(() => stage.total('devicesOnline') === 1)
    expect((await stage.describe('a'))?.tags.toSorted()).toEqual(['hello', 'sport'])
    expect(await stage.broadcast(Buffer.from('goal'), 'sport')).toBe(1)
    await second.until('MSG')
  })

  it('goes on although the node has not missed its older connection yet', async () => {
    stage = await NodeStage.open({ engine: 'epoll', shardCount: 2, resumeGraceMs: 30_000 })
    const first = await join(0)
    first.send({ type: 'BIND', add: 1, tag: 'sport' }, { type: 'PING' })
    await first.until('PONG')
    const second = await join(1)
    expect(sessionOf(second)).toEqual({ ...sessionOf(first), flags: 1 })
    expect(await first.bye()).toMatchObject({ code: BYE.REPLACED })
    await untilTrue(() => stage.messages.some((message) => message.kind === 'gone'))
    second.send({ type: 'PING' })
    await second.until('PONG')
    expect((await stage.describe('a'))?.tags).toEqual(['sport'])
  })

  it('begins anew after it was kicked, and where nothing is kept', async () => {
    stage = await NodeStage.open({ engine: 'epoll', resumeGraceMs: 30_000 })
    const first = await join(0)
    stage.kick('a')
    await first.bye()
    await untilTrue(() => stage.directory.count === 0)
    const second = await join(0)
    expect(sessionOf(second).flags).toBe(0)
    expect(sessionOf(second).sessionId).not.toBe(sessionOf(first).sessionId)
    await stage.close()
    stage = await NodeStage.open({ engine: 'epoll' })
    const third = await join(0)
    third.destroy()
    await untilTrue(() => stage.directory.count === 0)
    expect(sessionOf(await join(0)).flags).toBe(0)
  })
})
