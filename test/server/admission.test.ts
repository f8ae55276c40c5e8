import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Admission } from '../../src/server/admission.ts'
import { Directory } from '../../src/server/directory.ts'
import type { DeviceVerifier } from '../../src/server/node-options.ts'
import { gone, hashOf, hellos, type StubShard, stubShard } from './shard-stub.ts'

function setUp(options: { connectionsMax?: number; verifyDevice?: DeviceVerifier } = {}) {
  const directory = new Directory()
  const shards = [stubShard(0), stubShard(1)] as const
  const admission = new Admission({
    directory,
    shards,
    connectionsMax: options.connectionsMax ?? 100,
    verifyDevice: options.verifyDevice ?? null,
  })
  return { directory, shards, admission, first: shards[0], second: shards[1] }
}

/** A verifier whose answers come when the test says so. */
function manualVerifier() {
  const open = new Map<string, (answer: true | string) => void>()
  const verify: DeviceVerifier = (token) =>
    new Promise((resolve) => {
      open.set(token, resolve)
    })
  const answer = async (token: string, verdict: true | string = true) => {
    open.get(token)!(verdict)
    await turn()
  }
  return { verify, answer }
}

describe('admission without device auth', () => {
  it('lets devices in, each with a session id of its own', () => {
    const { admission, directory, first } = setUp()
    admission.decide(first, hellos([1, 'a'], [2, 'b']))
    expect(first.told()).toEqual(['verdict 1 0', 'verdict 2 0'])
    expect(first.posted).toMatchObject([{ sessionIds: new Uint32Array([1, 2]) }])
    expect([directory.find(...hashOf('b')), directory.slot, directory.generation]).toEqual([
      true,
      2,
      102,
    ])
    expect(admission.accepted).toBe(2)
  })

  it('closes the older connection, wherever it is', () => {
    const { admission, directory, first, second } = setUp()
    admission.decide(first, hellos([1, 'a']))
    expect(first.told()).toEqual(['verdict 1 0'])
    admission.decide(second, hellos([1, 'a']))
    expect(first.told()).toEqual(['verdict 1 0', 'close 1 4001'])
    expect(second.told()).toEqual(['verdict 1 0'])
    admission.forget(first, gone([1, 'a']))
    expect([directory.find(...hashOf('a')), directory.shard]).toEqual([true, 1])
    admission.forget(second, gone([1, 'a']))
    expect(directory.count).toBe(0)
  })

  it('tells the older of one batch before the newer', () => {
    const { admission, first } = setUp()
    admission.decide(first, hellos([1, 'a'], [2, 'a']))
    expect(first.told()).toEqual(['close 1 4001', 'verdict 1 0', 'verdict 2 0'])
  })

  it('refuses one more than it may hold, but not a device that it has', () => {
    const { admission, first } = setUp({ connectionsMax: 2 })
    admission.decide(first, hellos([1, 'a'], [2, 'b'], [3, 'c'], [4, 'b']))
    expect(first.told()).toEqual([
      'close 2 4001',
      'verdict 1 0',
      'verdict 2 0',
      'verdict 3 4103',
      'verdict 4 0',
    ])
    expect(admission.refused).toEqual({ 'node-full': 1 })
    admission.forget(first, gone([1, 'a']))
    admission.decide(first, hellos([5, 'c']))
    expect(first.told()).toContain('verdict 5 0')
  })

  it('refuses all while the node drains', () => {
    const { admission, directory, first } = setUp()
    admission.closedWith = 4300
    admission.decide(first, hellos([1, 'a']))
    expect(first.told()).toEqual(['verdict 1 4300'])
    expect([directory.count, admission.accepted, admission.refused]).toEqual([0, 0, { drain: 1 }])
  })
})

describe('admission of devices that come back', () => {
  const GRACE_MS = 30_000

  function setUpResuming(resumeGraceMs = GRACE_MS) {
    const directory = new Directory()
    const shards = [stubShard(0), stubShard(1)] as const
    let nowMs = 1_000
    const parts = { directory, shards, connectionsMax: 100, verifyDevice: null, resumeGraceMs }
    const admission = new Admission(parts, () => nowMs)
    const wait = (ms: number) => {
      nowMs += ms
    }
    /** Session ids and resumed bits of all verdicts of a shard. */
    const sessionsOf = (shard: StubShard) => {
      shard.batch.flush()
      return shard.posted.flatMap((message) =>
        message.kind === 'verdicts'
          ? [...message.sessionIds].map(
              (id, row) => `${id}${message.resumed[row] ? ' resumed' : ''}`,
            )
          : [],
      )
    }
    const leave = (
      shard: StubShard,
      slot: number,
      id: string,
      sessionId: number,
      tags: string[] = [],
    ) =>
      admission.forget(shard, {
        ...gone([slot, id]),
        sessionIds: new Uint32Array([sessionId]),
        ...(tags.length > 0 ? { keptTags: [{ row: 0, tags }] } : {}),
      })
    return { admission, first: shards[0], second: shards[1], wait, sessionsOf, leave }
  }

  it('goes on with the session, on any shard, within the grace and once', () => {
    const { admission, first, second, wait, sessionsOf, leave } = setUpResuming()
    admission.decide(first, hellos([1, 'a'], [2, 'b']))
    leave(first, 1, 'a', 1)
    leave(first, 2, 'b', 2)
    wait(GRACE_MS)
    admission.decide(second, hellos([1, 'a']))
    wait(200)
    admission.decide(second, hellos([2, 'b']))
    expect(sessionsOf(first)).toEqual(['1', '2'])
    expect(sessionsOf(second)).toEqual(['1 resumed', '3'])
  })

  it('goes on where the device is faster than the news of its loss', () => {
    const { admission, first, second, sessionsOf, leave } = setUpResuming()
    admission.decide(first, hellos([1, 'a']))
    admission.decide(second, hellos([1, 'a']))
    leave(first, 1, 'a', 1, ['late'])
    expect(sessionsOf(second)).toEqual(['1 resumed'])
    expect(second.posted).toContainEqual({
      kind: 'bind',
      slot: 1,
      generation: 101,
      tags: ['late'],
    })
  })

  it('gives back the tags that were bound at run time', () => {
    const { admission, first, second, sessionsOf, leave } = setUpResuming()
    admission.decide(first, hellos([1, 'a']))
    leave(first, 1, 'a', 1, ['sport', 'news'])
    admission.decide(second, hellos([4, 'a']))
    expect(sessionsOf(second)).toEqual(['1 resumed'])
    expect(second.posted).toContainEqual({
      kind: 'bind',
      slot: 4,
      generation: 104,
      tags: ['sport', 'news'],
    })
  })

  it('begins anew after an end for good, and where there is no grace', () => {
    const ended = setUpResuming()
    ended.admission.decide(ended.first, hellos([1, 'a']))
    ended.leave(ended.first, 1, 'a', 0, ['sport'])
    ended.admission.decide(ended.first, hellos([1, 'a']))
    expect(ended.sessionsOf(ended.first)).toEqual(['1', '2'])
    const off = setUpResuming(0)
    off.admission.decide(off.first, hellos([1, 'a']))
    off.admission.decide(off.second, hellos([1, 'a']))
    off.leave(off.second, 1, 'a', 2, ['sport'])
    off.admission.decide(off.first, hellos([1, 'a']))
    expect([off.sessionsOf(off.first), off.sessionsOf(off.second)]).toEqual([['1', '3'], ['2']])
    expect(off.first.posted.some(({ kind }) => kind === 'bind')).toBe(false)
  })
})

describe('admission with device auth', () => {
  it('asks for token and id, and refuses what is not true', async () => {
    const asked: string[] = []
    const verifyDevice: DeviceVerifier = async (token, id) => {
      asked.push(`${id}:${token}`)
      if (token === 'broken') throw new Error('no')
      return token === 'good' || 'the token is not good'
    }
    const { admission, directory, first } = setUp({ verifyDevice })
    admission.decide(first, hellos([1, 'a', 'good'], [2, 'b', 'bad'], [3, 'c', 'broken'], [4, 'd']))
    await turn()
    expect(asked).toEqual(['a:good', 'b:bad', 'c:broken', 'd:'])
    expect(first.told()).toEqual([
      'verdict 1 0',
      'verdict 2 4003',
      'verdict 3 4003',
      'verdict 4 4003',
    ])
    expect([directory.count, admission.refused]).toEqual([1, { unauthorized: 3 }])
  })

  it('does not enter a device that left while its token was checked', async () => {
    const { verify, answer } = manualVerifier()
    const { admission, directory, first } = setUp({ verifyDevice: verify })
    admission.decide(first, hellos([1, 'a', 't1']))
    admission.forget(first, gone([1, 'a']))
    await answer('t1')
    expect([directory.count, first.told(), admission.accepted]).toEqual([0, [], 0])
  })

  it('does not enter a device whose shard died while its token was checked', async () => {
    const { verify, answer } = manualVerifier()
    const { admission, directory, first } = setUp({ verifyDevice: verify })
    admission.decide(first, hellos([1, 'a', 't1']))
    first.isAlive = false
    await answer('t1')
    expect(directory.count).toBe(0)
  })

  it('lets the newer connection win, however long the check of the older takes', async () => {
    const { verify, answer } = manualVerifier()
    const { admission, directory, first, second } = setUp({ verifyDevice: verify })
    admission.decide(first, hellos([1, 'a', 'older']))
    admission.decide(second, hellos([2, 'a', 'newer']))
    await answer('newer')
    await answer('older')
    expect(first.told()).toContain('close 1 4001')
    expect(second.told()).toEqual(['verdict 2 0'])
    expect([directory.find(...hashOf('a')), directory.shard]).toEqual([true, 1])
  })
})
