import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dispatcher } from '../../../src/cluster/dispatch/dispatcher.ts'
import { mix32 } from '../../../src/cluster/dispatch/name-point.ts'
import { StrictPlacement, strictPlacement } from '../../../src/cluster/dispatch/strict-placement.ts'
import { nodeRecord, nodeRecords, viewOf } from './node-records.ts'

const POINTS = Array.from({ length: 300 }, (_, index) => mix32(index + 1))

describe('strict placement', () => {
  it('lets every device stay at the node that dispatch names first, and nowhere else', () => {
    const nodes = nodeRecords(4, { devicesOnline: 1_000 })
    for (const point of POINTS) {
      const home = new Dispatcher(viewOf(nodes)).nodesFor({ point, site: '', retried: 0 })[0].name
      const stays = nodes.filter(
        ({ name }) => new StrictPlacement(viewOf(nodes, name)).homeElsewhere(point) === null,
      )
      expect(stays.map(({ name }) => name)).toEqual([home])
    }
  })

  it('sends no device to a node that is near its bound, so that none goes to and fro', () => {
    const counts = [1_000, 1_000, 1_250]
    const nodes = nodeRecords(3).map((node, i) => ({ ...node, devicesOnline: counts[i] }))
    // 1.15 times the mean: within the bound of dispatch, too full to be moved to.
    for (const point of POINTS) {
      for (const { name } of nodes.slice(0, 2)) {
        const home = new StrictPlacement(viewOf(nodes, name)).homeElsewhere(point)
        expect(home?.name).not.toBe('node-3')
      }
    }
  })

  it('sends no device in circles, whatever each node believes of the others', () => {
    const counts = fc.array(fc.nat(50), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.tuple(counts, counts, counts, counts), fc.nat(), (beliefs, seed) => {
        const placements = beliefs.map((believed, self) => {
          const nodes = nodeRecords(4).map((node, i) => ({ ...node, devicesOnline: believed[i]! }))
          return [nodes[self]!.name, new StrictPlacement(viewOf(nodes, nodes[self]!.name))] as const
        })
        const byName = new Map(placements)
        let at = placements[0]![0]
        for (let hops = 0; ; hops++) {
          const home = byName.get(at)!.homeElsewhere(mix32(seed))
          if (home === null) return
          expect(hops).toBeLessThan(3)
          at = home.name
        }
      }),
    )
  })

  it('moves no device to another site, nor from a node that is not ready', () => {
    const nodes = [
      nodeRecord('a', { site: 'east' }),
      nodeRecord('b', { site: 'west' }),
      nodeRecord('c', { site: 'west', state: 'draining' }),
    ]
    for (const self of ['a', 'b', 'c', 'unknown']) {
      const placement = new StrictPlacement(viewOf(nodes, self))
      expect(POINTS.filter((point) => placement.homeElsewhere(point) !== null)).toEqual([])
    }
  })

  it('keeps a device that nobody has room for', () => {
    const nodes = nodeRecords(3, { load: 1 })
    const placement = new StrictPlacement(viewOf(nodes, 'node-2'))
    expect(POINTS.filter((point) => placement.homeElsewhere(point) !== null)).toEqual([])
  })

  it('names the addresses of the home for BYE 4302', () => {
    const place = strictPlacement(viewOf(nodeRecords(2)))
    const answers = new Set(POINTS.map((point) => JSON.stringify(place(point, 0))))
    expect([...answers].toSorted()).toEqual(['["node-2:7000","ws://node-2:7001"]', 'null'])
  })
})
