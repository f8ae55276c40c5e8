import { describe, expect, it } from 'vitest'
import { JoinBatches } from '../../src/server/join-batches.ts'
import type { ShardUp } from '../../src/server/shard-messages.ts'
import { SipHash } from '../../src/server/sip-hash.ts'

const KEY = new Uint32Array([1, 2, 3, 4])

function setUp() {
  const posted: ShardUp[] = []
  return { posted, joins: new JoinBatches(KEY, (message) => posted.push(message)) }
}

function hashOf(id: string): number[] {
  const hash = new SipHash(KEY)
  const bytes = Buffer.from(id)
  hash.hash(bytes, 0, bytes.length)
  return [hash.high, hash.low]
}

function addHello(joins: JoinBatches, slot: number, id: string, token: string): void {
  const bytes = Buffer.from(`?${id}!${token}`)
  const idEnd = 1 + Buffer.byteLength(id)
  joins.addHello(slot, slot + 100, bytes, 1, idEnd, idEnd + 1, bytes.length)
}

describe('the join batches', () => {
  it('post ids and tokens with their hashes, row by row', () => {
    const { posted, joins } = setUp()
    addHello(joins, 4, 'phone', 'secret')
    addHello(joins, 9, 'é', '')
    joins.flush()
    const [hellos] = posted as [Extract<ShardUp, { kind: 'hellos' }>]
    expect(posted).toHaveLength(1)
    expect([[...hellos.slots], [...hellos.generations]]).toEqual([
      [4, 9],
      [104, 109],
    ])
    expect([...hellos.hashes]).toEqual([...hashOf('phone'), ...hashOf('é')])
    expect([...hellos.textEnds]).toEqual([5, 11, 13, 13])
    expect(Buffer.from(hellos.texts).toString()).toBe('phonesecreté')
  })

  it('post departures before arrivals', () => {
    const { posted, joins } = setUp()
    addHello(joins, 1, 'new', '')
    joins.addGone(1, 7, Buffer.from('old'))
    joins.flush()
    expect(posted.map((message) => message.kind)).toEqual(['gone', 'hellos'])
    expect(posted[0]).toMatchObject({ slots: new Int32Array([1]) })
    expect(posted[0]).toMatchObject({ hashes: new Uint32Array(hashOf('old')) })
  })

  it('post nothing twice, and nothing where there is nothing', () => {
    const { posted, joins } = setUp()
    joins.flush()
    addHello(joins, 1, 'a', '')
    joins.flush()
    joins.flush()
    addHello(joins, 2, 'b', 't')
    joins.flush()
    expect(posted.map((message) => ('slots' in message ? [...message.slots] : []))).toEqual([
      [1],
      [2],
    ])
    expect(posted[1]).toMatchObject({ textEnds: new Uint32Array([1, 2]) })
  })

  it('grow with a storm of long tokens', () => {
    const { posted, joins } = setUp()
    const token = 't'.repeat(100)
    for (let i = 0; i < 3_000; i++) addHello(joins, i, `device-${i}`, token)
    for (let i = 0; i < 3_000; i++) joins.addGone(i, 1, Buffer.from(`gone-${i}`))
    joins.flush()
    const [gone, hellos] = posted as [
      Extract<ShardUp, { kind: 'gone' }>,
      Extract<ShardUp, { kind: 'hellos' }>,
    ]
    expect([...gone.hashes.slice(-2)]).toEqual(hashOf('gone-2999'))
    expect([...hellos.hashes.slice(2 * 1024, 2 * 1024 + 2)]).toEqual(hashOf('device-1024'))
    const ends = hellos.textEnds
    const last = hellos.texts.subarray(ends[2 * 2999 - 1], ends[2 * 2999])
    expect(Buffer.from(last).toString()).toBe('device-2999')
  })
})
