import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseClusterAddress } from '../../src/cluster/cluster-address.ts'
import { openClusterReader } from '../../src/cluster/cluster-reader.ts'
import { KeyNames } from '../../src/cluster/key-names.ts'
import { Membership, type OwnRecord } from '../../src/cluster/membership.ts'
import { RedisLink } from '../../src/cluster/redis-link.ts'
import { untilTrue } from '../server/node-stage.ts'
import { hasRedis, NO_REDIS, type RunningRedis, startRedis } from './redis-server.ts'

const RECORD: OwnRecord = {
  version: '1.0.0',
  site: 's1',
  state: 'ready',
  addresses: { tcp: ['127.0.0.1:7000'], ws: [] },
  http: 'http://127.0.0.1:7002',
  devicesMax: 100,
  devicesOnline: 3,
  load: 0.03,
  sentPerSecond: 0,
  startedAtMs: 0,
  drain: null,
}

const KEY = new Uint32Array([1, 2, 3, 0xffffffff])
let redis: RunningRedis
let opened: { member: Membership; link: RedisLink }[]

interface Node {
  readonly member: Membership
  readonly events: string[]
  readonly link: RedisLink
}

async function join(name: string, leaseMs = 300, hashKey = KEY): Promise<Node> {
  const events: string[] = []
  const link = await RedisLink.open(parseClusterAddress(redis.url), name)
  const member = new Membership({
    ...{ link, keys: new KeyNames('t'), name, leaseMs },
    describe: () => RECORD,
    events: {
      onLost: () => events.push('lost'),
      onHeld: () => events.push('held'),
      onFilling: () => events.push('filling'),
      onNodes: (gone) => events.push(...gone.map((node) => `gone ${node.name}`)),
      tell: (line) => events.push(line),
    },
  })
  opened.push({ member, link })
  await member.join(hashKey)
  return { member, events, link }
}

beforeEach(async () => {
  opened = []
  if (hasRedis) redis = await startRedis()
})

afterEach(async () => {
  for (const { member, link } of opened) {
    await member.stop()
    await link.close()
  }
  await redis?.remove()
})

describe.skipIf(!hasRedis)(`the nodes of a cluster${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('see each other, sorted by name, and outsiders see them too', async () => {
    const b = await join('b', 10_000)
    const a = await join('a', 10_000)
    await b.member.start()
    await a.member.start()
    expect(a.member.nodes().map(({ name }) => name)).toEqual(['a', 'b'])
    expect(a.member.nodes()[0]).toMatchObject({ ...RECORD, bootId: String(a.member.number) })
    const reader = await openClusterReader({ url: redis.url, prefix: 't' })
    expect((await reader.nodes()).map(({ name, site }) => [name, site])).toEqual([
      ['a', 's1'],
      ['b', 's1'],
    ])
    await reader.close()
  })

  it('share the key of the device hash of the first, and have numbers that grow', async () => {
    const a = await join('a')
    const b = await join('b', 300, new Uint32Array([9, 9, 9, 9]))
    expect(b.member.hashKey).toEqual(KEY)
    expect(b.member.number).toBeGreaterThan(a.member.number)
    expect(a.member.nameOf(a.member.number)).toBeUndefined()
    await a.member.start()
    expect(a.member.nameOf(a.member.number)).toBe('a')
  })

  it('refuse a second one of a name that is renewed', async () => {
    await (await join('a')).member.start()
    const second = await join('a')
    await expect(second.member.start()).rejects.toMatchObject({ code: 'PUSHCTL_CLUSTER_NAME' })
  })

  it('give the name back when they stop, so that the next run has it at once', async () => {
    const first = await join('a', 60_000)
    await first.member.start()
    await first.member.stop()
    const second = await join('a', 60_000)
    await second.member.start()
    expect(second.member.isHeld).toBe(true)
  })

  it('wait for the lease of a run that died', async () => {
    const first = await join('a')
    await first.member.start()
    await first.link.close()
    const second = await join('a')
    await second.member.start()
    expect(second.member.isHeld).toBe(true)
  })

  it('hold it again, as after a loss, where they stood still for longer than it', async () => {
    const { events, member } = await join('a')
    await member.start()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
    expect(member.isHeld).toBe(false)
    await untilTrue(() => member.isHeld)
    expect(events).toContain('held')
  })

  it('notice when one dies', async () => {
    const a = await join('a')
    const b = await join('b')
    await a.member.start()
    await b.member.start()
    await untilTrue(() => a.member.nodes().length === 2)
    await b.link.close()
    await untilTrue(() => a.events.includes('gone b'))
    expect(a.member.nodes().map(({ name }) => name)).toEqual(['a'])
  })

  it('lose their lease with Redis, and hold it again when it is back without its data', async () => {
    const a = await join('a')
    await a.member.start()
    await redis.stop()
    await untilTrue(() => a.events.includes('lost'))
    expect(a.member.isHeld).toBe(false)
    await redis.start({ empty: true })
    await untilTrue(() => a.events.includes('held'))
    const b = await join('b', 300, new Uint32Array([9, 9, 9, 9]))
    expect(b.member.hashKey).toEqual(KEY)
  })

  it('are all told when Redis may know less than it did, for one lease', async () => {
    const [a, b] = [await join('a', 800), await join('b', 800)]
    await a.member.start()
    await b.member.start()
    expect(a.member.fillingMs).toBe(0)
    await a.member.fill()
    expect([a.events, a.member.fillingMs > 0]).toEqual([['filling'], true])
    await untilTrue(() => b.events.includes('filling'))
    await untilTrue(() => a.member.fillingMs === 0 && b.member.fillingMs === 0)
    expect([a.events, b.events]).toEqual([['filling'], ['filling']])
  })

  it('of another form of keys are refused', async () => {
    const { link } = await join('a')
    await link.command('hset', 't:{c}:meta', 'format', '0')
    await expect(join('b')).rejects.toMatchObject({ code: 'PUSHCTL_CLUSTER_REFUSED' })
  })
})
