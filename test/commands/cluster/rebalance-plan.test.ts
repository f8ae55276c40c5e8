import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fairShares } from '../../../src/commands/cluster/cluster-totals.ts'
import { planMoves } from '../../../src/commands/cluster/rebalance-plan.ts'
import { nodeRecord } from './node-records.ts'

const told = (...words: Parameters<typeof planMoves>) =>
  planMoves(...words).map(({ from, to, devices }) => `${from.name} → ${to.name} ${devices}`)

it('moves from the nodes above their share down to it, and leaves the others alone', () => {
  const nodes = [
    nodeRecord('a', { devicesOnline: 900 }),
    nodeRecord('b', { devicesOnline: 310 }),
    nodeRecord('c', { devicesOnline: 0 }),
    nodeRecord('d', { devicesOnline: 30 }),
  ]
  expect(told(nodes, 0.1)).toEqual(['a → c 310', 'a → d 280'])
  expect(told(nodes, 2)).toEqual([])
})

it('asks more of a node that may hold more', () => {
  const nodes = [
    nodeRecord('small', { devicesOnline: 500, devicesMax: 1_000 }),
    nodeRecord('large', { devicesOnline: 500, devicesMax: 3_000 }),
  ]
  expect(told(nodes, 0.1)).toEqual(['small → large 250'])
})

it('stays within a site as long as it can', () => {
  const nodes = [
    nodeRecord('a', { site: 'x', devicesOnline: 600 }),
    nodeRecord('b', { site: 'y', devicesOnline: 0 }),
    nodeRecord('c', { site: 'x', devicesOnline: 150 }),
  ]
  expect(told(nodes, 0.1)).toEqual(['a → c 100', 'a → b 250'])
})

it('neither asks nor burdens nodes that drain, are fenced or tell no address', () => {
  const nodes = [
    nodeRecord('a', { devicesOnline: 300 }),
    nodeRecord('b', { state: 'draining' }),
    nodeRecord('c', { state: 'fenced' }),
    nodeRecord('d', { addresses: { tcp: [], ws: [] } }),
  ]
  expect(told(nodes, 0.1)).toEqual([])
})

it('leaves no node above what is allowed, and moves nobody twice', () => {
  const counts = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 24 })
  fc.assert(
    fc.property(counts, fc.double({ min: 0, max: 1, noNaN: true }), (online, skewMax) => {
      const nodes = online.map((devicesOnline, i) => nodeRecord(`n${i}`, { devicesOnline }))
      const after = new Map(nodes.map(({ name, devicesOnline }) => [name, devicesOnline]))
      const moves = planMoves(nodes, skewMax)
      for (const { from, to, devices } of moves) {
        expect(devices).toBeGreaterThan(0)
        after.set(from.name, after.get(from.name)! - devices)
        after.set(to.name, after.get(to.name)! + devices)
      }
      const givers = new Set(moves.map(({ from }) => from.name))
      expect(moves.some(({ to }) => givers.has(to.name))).toBe(false)
      // Whole devices: each node may be one above its share for each other that is one below.
      for (const [name, share] of fairShares(nodes)) {
        expect(after.get(name)).toBeLessThanOrEqual(share * (1 + skewMax) + nodes.length)
        expect(after.get(name)).toBeGreaterThanOrEqual(0)
      }
    }),
  )
})
