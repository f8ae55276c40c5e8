import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectionsOf, eventAt, eventsOf } from '../../src/loadgen/event-share.ts'

const cluster = fc
  .record({ connections: fc.integer({ min: 1, max: 60 }), shards: fc.integer({ min: 1, max: 8 }) })
  .filter(({ connections, shards }) => shards <= connections)

describe('event share', () => {
  it('gives every global event to exactly one shard, in order', () => {
    fc.assert(
      fc.property(cluster, fc.nat(500), ({ connections, shards }, total) => {
        const seen = new Uint8Array(total)
        for (let shard = 0; shard < shards; shard++) {
          const share = { connections, shard, shards }
          let last = -1
          for (let done = 0; done < eventsOf(share, total); done++) {
            const event = eventAt(share, done)
            expect(event).toBeGreaterThan(last)
            expect(event).toBeLessThan(total)
            expect((event % connections) % shards).toBe(shard)
            seen[event] += 1
            last = event
          }
        }
        expect([...seen].every((count) => count === 1)).toBe(true)
      }),
    )
  })

  it('puts every connection on one shard', () => {
    fc.assert(
      fc.property(cluster, ({ connections, shards }) => {
        let count = 0
        for (let shard = 0; shard < shards; shard++) {
          count += connectionsOf({ connections, shard, shards })
        }
        expect(count).toBe(connections)
      }),
    )
  })
})
