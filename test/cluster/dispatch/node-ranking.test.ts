import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mix32 } from '../../../src/cluster/dispatch/name-point.ts'
import { LOAD_BOUND, NodeRanking } from '../../../src/cluster/dispatch/node-ranking.ts'
import type { NodeRecord } from '../../../src/cluster/node-record.ts'
import { nodeRecord, nodeRecords } from './node-records.ts'

const DEVICES = 10_000
/** Of 10,000 devices, what chance adds to a share. */
const EPSILON = 0.03
/** A prefix of names and a number of nodes: clusters as they are named in practice. */
const cluster = fc.record({
  prefix: fc.constantFrom('node-', 'push', '10.0.0.', 'eu-west-1a-', ''),
  count: fc.integer({ min: 2, max: 12 }),
  seed: fc.integer(),
})

function nodesOf(prefix: string, count: number): NodeRecord[] {
  return Array.from({ length: count }, (_, index) => nodeRecord(`${prefix}${index}`))
}

function homes(ranking: NodeRanking, seed: number, devices = DEVICES): string[] {
  return Array.from({ length: devices }, (_, device) => {
    const home = ranking.homeOf(mix32(device + seed))
    return ranking.nodes[home].name
  })
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

describe('the ranking of nodes', () => {
  it('gives no node more than 1.25 times its share', () => {
    fc.assert(
      fc.property(cluster, ({ prefix, count, seed }) => {
        const counts = countOf(homes(new NodeRanking(nodesOf(prefix, count)), seed))
        expect(counts.size).toBe(count)
        expect(Math.max(...counts.values())).toBeLessThanOrEqual((1.25 * DEVICES) / count)
      }),
      { numRuns: 20 },
    )
  })

  it('moves only to a node that joins, and no more than its share', () => {
    fc.assert(
      fc.property(cluster, ({ prefix, count, seed }) => {
        const nodes = nodesOf(prefix, count)
        const joined = nodeRecord('the new one')
        const before = homes(new NodeRanking(nodes), seed)
        const after = homes(new NodeRanking([...nodes, joined]), seed)
        const moved = after.filter((name, device) => name !== before[device])
        expect(new Set(moved)).toEqual(new Set([joined.name]))
        expect(moved.length / DEVICES).toBeLessThanOrEqual(1 / (count + 1) + EPSILON)
      }),
      { numRuns: 20 },
    )
  })

  it('draws only its share to a node that joins full ones, however few they are', () => {
    for (const count of [1, 2, 3, 4, 6]) {
      const full = { devicesOnline: DEVICES / count, devicesMax: 2 * DEVICES, seenAtMs: 7_200_000 }
      const nodes = nodeRecords(count, full)
      const joined = nodeRecord('the new one', { devicesMax: 2 * DEVICES })
      const before = homes(new NodeRanking(nodes), 5)
      const after = homes(new NodeRanking([...nodes, joined]), 5)
      const moved = after.filter((name, device) => name !== before[device])
      expect(new Set(moved)).toEqual(new Set([joined.name]))
      expect(moved.length / DEVICES).toBeLessThanOrEqual(1 / (count + 1) + EPSILON)
    }
  })

  it('moves only the devices of a node that leaves, and spreads them over all others', () => {
    fc.assert(
      fc.property(cluster, ({ prefix, count, seed }) => {
        const nodes = nodesOf(prefix, count + 1)
        const before = homes(new NodeRanking(nodes), seed)
        const after = homes(new NodeRanking(nodes.slice(1)), seed)
        const moved = after.filter((_, device) => before[device] === nodes[0].name)
        const stayed = after.filter((name, device) => name === before[device])
        expect(stayed.length + moved.length).toBe(DEVICES)
        expect(countOf(moved).size).toBe(count)
      }),
      { numRuns: 20 },
    )
  })

  it('gives the same home whatever the order of the nodes', () => {
    const nodes = nodeRecords(7)
    const shuffled = [...nodes].reverse()
    expect(homes(new NodeRanking(nodes), 1, 500)).toEqual(homes(new NodeRanking(shuffled), 1, 500))
  })

  it('weighs nodes by how many devices they may hold', () => {
    const nodes = [nodeRecord('small', { devicesMax: 100_000 }), nodeRecord('large')]
    const small = countOf(homes(new NodeRanking(nodes), 3)).get('small') ?? 0
    expect(small / DEVICES).toBeGreaterThan(1 / 11 - EPSILON)
    expect(small / DEVICES).toBeLessThan(1 / 11 + EPSILON)
  })

  it('keeps every node within the bound when all devices would choose the same one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 9 }),
        fc.nat({ max: 2 ** 31 }),
        fc.integer({ min: 1, max: 300 }),
        (count, point, devices) => {
          const online = new Array<number>(count).fill(0)
          for (let device = 0; device < devices; device++) {
            const nodes = nodeRecords(count).map((node, index) => ({
              ...node,
              devicesOnline: online[index],
            }))
            online[new NodeRanking(nodes).homeOf(point)] += 1
          }
          const most = Math.ceil((LOAD_BOUND * devices) / count)
          expect(Math.max(...online)).toBeLessThanOrEqual(most)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('passes by a node that is full by its own limit or by its load', () => {
    const ranked = new NodeRanking(nodeRecords(3))
    const [home, next] = ranked.firstOf(42, 2)
    const full = { devicesMax: 1_000_000, devicesOnline: 1_000_000 }
    for (const trouble of [{ load: 1 }, full]) {
      const nodes = nodeRecords(3, { devicesOnline: 900_000 }).map((node, index) =>
        index === home ? { ...node, ...trouble } : node,
      )
      expect(new NodeRanking(nodes).homeOf(42)).toBe(next)
    }
  })

  it('names the least loaded node where none has room, and none where there is none', () => {
    const nodes = [nodeRecord('a', { load: 1.2 }), nodeRecord('b', { load: 1.1 })]
    expect(new NodeRanking(nodes).homeOf(1)).toBe(1)
    expect(new NodeRanking([]).homeOf(1)).toBe(-1)
  })
})
