import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ShardBatch } from '../../src/server/shard-batch.ts'
import type { ShardDown } from '../../src/server/shard-messages.ts'

function setUp() {
  const posted: ShardDown[] = []
  return { posted, batch: new ShardBatch((message) => posted.push(message)) }
}

const text = (words: string) => new TextEncoder().encode(words)

describe('the batch for a shard', () => {
  it('posts closes, then verdicts, then deliveries, each as one message', async () => {
    const { posted, batch } = setUp()
    batch.addDelivery(1, 11, text('ab'))
    batch.addVerdict(2, 22, 0, 0xfffffffe)
    batch.addClose(3, 33, 4002)
    batch.addDelivery(4, 44, text(''))
    batch.addDelivery(5, 55, text('cde'))
    batch.addVerdict(6, 66, 4103, 0)
    expect(posted).toEqual([])
    await turn()
    expect(posted).toEqual([
      {
        kind: 'close',
        slots: new Int32Array([3]),
        generations: new Uint16Array([33]),
        codes: new Uint16Array([4002]),
      },
      {
        kind: 'verdicts',
        slots: new Int32Array([2, 6]),
        generations: new Uint16Array([22, 66]),
        codes: new Uint16Array([0, 4103]),
        sessionIds: new Uint32Array([0xfffffffe, 0]),
        resumed: new Uint8Array(2),
        inboxSeqs: new Float64Array([0, 0]),
      },
      {
        kind: 'deliver',
        slots: new Int32Array([1, 4, 5]),
        generations: new Uint16Array([11, 44, 55]),
        payloadEnds: new Uint32Array([2, 2, 5]),
        payloads: text('abcde'),
      },
    ])
  })

  it('posts at once what was flushed, and that only once', async () => {
    const { posted, batch } = setUp()
    batch.addClose(1, 1, 4001)
    batch.flush()
    expect(posted).toHaveLength(1)
    await turn()
    expect(posted).toHaveLength(1)
    batch.addClose(2, 1, 4001)
    await turn()
    expect(posted).toHaveLength(2)
  })

  it('does not gather more than 4 MiB of payload', () => {
    const { posted, batch } = setUp()
    const payload = new Uint8Array(64 * 1024).fill(7)
    for (let i = 0; i < 64; i++) batch.addDelivery(i, 0, payload)
    expect(posted).toHaveLength(1)
    expect(posted[0]).toMatchObject({ kind: 'deliver' })
    const { payloads, slots } = posted[0] as Extract<ShardDown, { kind: 'deliver' }>
    expect([payloads.length, slots.length]).toEqual([4 << 20, 64])
  })

  it('has room for any number of rows', () => {
    const { posted, batch } = setUp()
    for (let i = 0; i < 1_000; i++) batch.addVerdict(i, i, i, i)
    batch.flush()
    const { slots, codes } = posted[0] as Extract<ShardDown, { kind: 'verdicts' }>
    expect([slots.length, slots[999], codes[257]]).toEqual([1_000, 999, 257])
  })
})
