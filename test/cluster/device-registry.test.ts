import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseClusterAddress } from '../../src/cluster/cluster-address.ts'
import {
  type Answer,
  DeviceRegistry,
  HEAD_BYTES,
  itemOf,
} from '../../src/cluster/device-registry.ts'
import { hashText, KeyNames } from '../../src/cluster/key-names.ts'
import { RedisLink } from '../../src/cluster/redis-link.ts'
import { PushctlError } from '../../src/errors/pushctl-error.ts'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from './redis-server.ts'

const LIMITS = { messagesMax: 3, bytesMax: 1_000 }
const LATER_S = Math.floor(Date.now() / 1_000) + 600

let redis: RunningRedis
let link: RedisLink
let a: DeviceRegistry
let b: DeviceRegistry
let last = 0

/** No error among the answers. */
function whole<Value>(answers: readonly Answer<Value>[]): Value[] {
  return answers.map((answer) => {
    if (answer instanceof PushctlError) throw answer
    return answer
  })
}

function fresh(): string {
  return hashText(7, ++last)
}

async function store(hash: string, text: string, onceId: string | null = null) {
  const items = [itemOf(LATER_S, 0, Buffer.from(text))]
  const once = onceId === null ? null : [onceId]
  return whole(await a.store([hash], [LATER_S], items, LIMITS, once))[0]!
}

async function read(hash: string, first: number, count: number) {
  const [payloads] = whole(await b.read([hash], [first], [count]))
  return payloads!.map((payload) => payload?.toString() ?? null)
}

beforeAll(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  link = await RedisLink.open(parseClusterAddress(redis.url), 'test')
  const keys = new KeyNames('t')
  a = new DeviceRegistry(link, keys, 1)
  b = new DeviceRegistry(link, keys, 2)
})

afterAll(async () => {
  await link?.close()
  await redis?.remove()
})

describe.skipIf(!hasRedis)(`the registry of devices${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('gives each admission a newer session and tells who had the device before', async () => {
    const hash = fresh()
    const [first] = whole(await a.claim([hash], [0]))
    const [second] = whole(await b.claim([hash], [0]))
    expect(first).toMatchObject({ nodeBefore: 0, sessionBefore: 0, nextSeq: 1 })
    expect(second).toMatchObject({ nodeBefore: 1, sessionBefore: first!.session })
    expect(second!.session).toBeGreaterThan(first!.session)
  })

  it('does not release a device that has moved on', async () => {
    const hash = fresh()
    const [first] = whole(await a.claim([hash], [0]))
    const [second] = whole(await b.claim([hash], [0]))
    await a.release([hash], [first!.session])
    expect(whole(await a.where([hash]))[0]).toMatchObject({ node: 2, session: second!.session })
  })

  it('leaves nothing behind of a device that never got a stored push', async () => {
    const hash = fresh()
    const [claimed] = whole(await a.claim([hash], [0]))
    await a.release([hash], [claimed!.session])
    expect(await link.command('exists', `t:d:{${hash}}`)).toBe(0)
  })

  it('never gives a session twice, though the device was forgotten in between', async () => {
    const hash = fresh()
    const [first] = whole(await a.claim([hash], [0]))
    await a.release([hash], [first!.session])
    const [second] = whole(await a.claim([hash], [0]))
    expect(second!.session).toBeGreaterThan(first!.session)
  })

  it('numbers messages from 1, keeps them for the next claim, and gives their payloads', async () => {
    const hash = fresh()
    expect((await store(hash, 'one')).seq).toBe(1)
    expect((await store(hash, 'second')).seq).toBe(2)
    const [claimed] = whole(await b.claim([hash], [0]))
    expect(claimed!.nextSeq).toBe(3)
    expect(claimed!.heads.length).toBe(2 * HEAD_BYTES)
    expect(claimed!.heads.readUInt32BE(HEAD_BYTES)).toBe('second'.length)
    expect(claimed!.heads.readUInt32BE(4)).toBe(LATER_S)
    expect(await read(hash, 1, 2)).toEqual(['one', 'second'])
    expect(await read(hash, 0, 4)).toEqual([null, 'one', 'second', null])
  })

  it('answers a store with the node that has the device', async () => {
    const hash = fresh()
    const [claimed] = whole(await b.claim([hash], [0]))
    const stored = await store(hash, 'x')
    expect(stored).toEqual({ seq: 1, node: 2, session: claimed!.session, isRepeated: false })
  })

  it('trims the oldest messages above the limit, and says up to where', async () => {
    const hash = fresh()
    for (const text of ['1', '2', '3', '4', '5']) await store(hash, text)
    expect(await read(hash, 1, 5)).toEqual([null, null, '3', '4', '5'])
    const [place] = whole(await a.where([hash]))
    expect(place).toMatchObject({ nextSeq: 6, firstSeq: 3, trimmedSeq: 2 })
  })

  it('trims by bytes, but keeps the newest message whatever it weighs', async () => {
    const hash = fresh()
    await store(hash, 'small')
    await store(hash, 'x'.repeat(2_000))
    expect(whole(await a.where([hash]))[0]).toMatchObject({ nextSeq: 3, firstSeq: 2 })
  })

  it('removes what is acked and nothing else, also when acks come twice or late', async () => {
    const hash = fresh()
    for (const text of ['1', '2', '3']) await store(hash, text)
    await a.advance([hash], [3], [false])
    await a.advance([hash], [2], [false])
    expect(await read(hash, 1, 3)).toEqual([null, null, '3'])
    await a.advance([hash], [4], [true])
    expect(whole(await a.where([hash]))[0]).toMatchObject({
      ...{ nextSeq: 4, firstSeq: 4, expiredSeq: 3, trimmedSeq: 0 },
    })
    expect(await link.command('exists', `t:i:{${hash}}`)).toBe(0)
    expect((await store(hash, '4')).seq).toBe(4)
  })

  it('goes on above what the device has seen where Redis knows less', async () => {
    const hash = fresh()
    expect(whole(await a.claim([hash], [41]))[0]!.nextSeq).toBe(42)
    expect((await store(hash, 'x')).seq).toBe(42)
  })

  it('stores a push once for one idempotency key, and again for another', async () => {
    const hash = fresh()
    expect(await store(hash, 'x', 'k1')).toMatchObject({ seq: 1, isRepeated: false })
    expect(await store(hash, 'x', 'k1')).toMatchObject({ seq: 1, isRepeated: true })
    expect(await store(hash, 'x', 'k2')).toMatchObject({ seq: 2, isRepeated: false })
  })

  it('gives the tail from a number on', async () => {
    const hash = fresh()
    for (const text of ['1', '22', '333']) await store(hash, text)
    const [tail] = whole(await a.tail([hash], [2]))
    expect(tail).toMatchObject({ nextSeq: 4, firstSeq: 2 })
    expect(tail!.heads.length).toBe(2 * HEAD_BYTES)
    expect(whole(await a.tail([hash], [9]))[0]).toMatchObject({ nextSeq: 4, firstSeq: 4 })
  })

  it('audits: as believed, elsewhere, and written again where it was lost', async () => {
    const [kept, moved, lost] = [fresh(), fresh(), fresh()]
    const claims = whole(await a.claim([kept, moved, lost], [0, 0, 0]))
    await b.claim([moved], [0])
    await link.command('del', `t:d:{${lost}}`)
    const sessions = claims.map(({ session }) => session)
    const audited = whole(await a.audit([kept, moved, lost], sessions, [1, 1, 7]))
    expect(audited).toEqual([
      { state: 0, nextSeq: 1 },
      { state: 1, nextSeq: 1 },
      { state: 2, nextSeq: 7 },
    ])
    expect(whole(await b.where([lost]))[0]).toMatchObject({ node: 1, session: sessions[2] })
  })

  it('answers many devices in one batch in their order', async () => {
    const hashes = Array.from({ length: 200 }, fresh)
    await store(hashes[150]!, 'x')
    const claims = whole(await a.claim(hashes, new Array(200).fill(0)))
    expect(claims.map(({ nextSeq }) => nextSeq).indexOf(2)).toBe(150)
  })
})
