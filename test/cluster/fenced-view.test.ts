import { expect, it } from 'vitest'
import type { NodeRecord } from '../../src/cluster/node-record.ts'
import { FencedView } from '../../src/cluster/fenced-view.ts'
import { nodeRecord } from './dispatch/node-records.ts'

it('shows the own node as fenced while it is, and gives the same list until something changes', () => {
  let read: readonly NodeRecord[] = [nodeRecord('a'), nodeRecord('b')]
  let isFenced = false
  const view = new FencedView({ selfName: 'b', nodes: () => read }, () => isFenced)
  expect(view.nodes()).toBe(read)
  isFenced = true
  expect(view.nodes().map(({ state }) => state)).toEqual(['ready', 'fenced'])
  expect(view.nodes()).toBe(view.nodes())
  read = [nodeRecord('b')]
  expect(view.nodes()).toMatchObject([{ name: 'b', state: 'fenced' }])
  isFenced = false
  expect(view.nodes()).toBe(read)
})
