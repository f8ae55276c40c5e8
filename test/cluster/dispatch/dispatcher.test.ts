import { describe, expect, it } from 'vitest'
import { Dispatcher } from '../../../src/cluster/dispatch/dispatcher.ts'
import { mix32 } from '../../../src/cluster/dispatch/name-point.ts'
import { nodeRecord, nodeRecords, viewOf } from './node-records.ts'

const POINTS = Array.from({ length: 200 }, (_, index) => mix32(index + 1))
const SITES = ['east', 'north', 'west'].flatMap((site) =>
  [1, 2, 3, 4].map((number) => nodeRecord(`${site}-${number}`, { site })),
)

function namesOf(dispatcher: Dispatcher, point: number, site = '', retried = 0): string[] {
  return dispatcher.nodesFor({ point, site, retried }).map(({ name }) => name)
}

describe('the dispatcher', () => {
  it('answers the same device with the same set, and different devices with different nodes', () => {
    const sets = POINTS.map((point) => namesOf(new Dispatcher(viewOf(nodeRecords(5))), point))
    expect(POINTS.map((point) => namesOf(new Dispatcher(viewOf(nodeRecords(5))), point))).toEqual(
      sets,
    )
    expect(new Set(sets.map(([first]) => first)).size).toBe(5)
    expect(new Set(sets.map(({ length }) => length))).toEqual(new Set([3]))
  })

  it('keeps a device at its home when loads change, and sorts the others by load', () => {
    const calm = new Dispatcher(viewOf(nodeRecords(6)))
    const nodes = nodeRecords(6).map((node, index) => ({ ...node, load: 0.9 - index / 10 }))
    const busy = new Dispatcher(viewOf(nodes))
    const loadOf = new Map(nodes.map(({ name, load }) => [name, load]))
    for (const point of POINTS) {
      const [home, ...others] = namesOf(busy, point)
      expect(home).toBe(namesOf(calm, point)[0])
      const loads = others.map((name) => loadOf.get(name)!)
      expect(loads).toEqual(loads.toSorted((a, b) => a - b))
    }
  })

  it('begins with the site that the device names, else with that of the node that is asked', () => {
    const dispatcher = new Dispatcher(viewOf(SITES, 'west-2'))
    for (const point of POINTS) {
      const own = namesOf(dispatcher, point)
      expect(own.map((name) => name.startsWith('west'))).toEqual([true, true, true, false])
      const named = namesOf(dispatcher, point, 'north')
      expect(named.map((name) => name.startsWith('north'))).toEqual([true, true, true, false])
    }
  })

  it('leads with another site when the device has tried in vain, with each of them in turn', () => {
    const dispatcher = new Dispatcher(viewOf(SITES, 'west-2'))
    for (const point of POINTS) {
      const sites = [0, 1, 2, 3].map((retried) => {
        const [first, , , last] = namesOf(dispatcher, point, 'east', retried)
        return `${first.split('-')[0]} then ${last.split('-')[0]}`
      })
      expect(sites[0]).toMatch(/^east then (north|west)$/)
      expect(sites.slice(1, 3).toSorted()).toEqual(['north then east', 'west then east'])
      expect(sites[3]).toBe(sites[0])
    }
  })

  it('spreads the devices of a lost site over all that are left', () => {
    const left = SITES.filter(({ site }) => site !== 'east')
    const dispatcher = new Dispatcher(viewOf(left, 'west-1'))
    const firsts = POINTS.map((point) => namesOf(dispatcher, point, 'east')[0])
    expect(new Set(firsts).size).toBe(8)
  })

  it('leads with another node when there is one site only and the device has tried', () => {
    const dispatcher = new Dispatcher(viewOf(nodeRecords(4)))
    const tries = [0, 1, 2, 3].map((retried) => namesOf(dispatcher, 7, '', retried))
    expect(new Set(tries.slice(0, 3).map(([first]) => first)).size).toBe(3)
    expect(tries[3]).toEqual(tries[0])
    for (const set of tries) expect(set.toSorted()).toEqual(tries[0].toSorted())
  })

  it('names no node that drains or is fenced, and nobody where none is left', () => {
    const nodes = [nodeRecord('a', { state: 'draining' }), nodeRecord('b', { state: 'fenced' })]
    expect(namesOf(new Dispatcher(viewOf(nodes, 'a')), 1)).toEqual([])
    const withOne = [...nodes, nodeRecord('c')]
    expect(namesOf(new Dispatcher(viewOf(withOne, 'a')), 1)).toEqual(['c'])
  })

  it('follows the view when leases were read again', () => {
    let nodes = nodeRecords(1)
    const dispatcher = new Dispatcher({ selfName: 'node-1', nodes: () => nodes })
    expect(namesOf(dispatcher, 1)).toEqual(['node-1'])
    nodes = nodeRecords(3)
    expect(namesOf(dispatcher, 1).toSorted()).toEqual(['node-1', 'node-2', 'node-3'])
  })
})
