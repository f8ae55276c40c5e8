import { expect, it } from 'vitest'
import { readNodeRecords } from '../../../src/commands/cluster/node-record-reading.ts'
import { nodeRecord } from './node-records.ts'

it('reads records as they were written', () => {
  const nodes = [nodeRecord('a'), nodeRecord('b', { drain: { devicesLeft: 5, perSecond: 1 } })]
  expect(readNodeRecords(JSON.parse(JSON.stringify({ self: 'a', nodes })))).toEqual(nodes)
})

it('gives what is missing the value that says nothing', () => {
  const nodes = [{ name: 'a', bootId: 'x', state: 'ready', http: 'http://a:1', load: 'full' }]
  expect(readNodeRecords({ nodes })).toMatchObject([
    { name: 'a', site: '', load: 0, devicesOnline: 0, addresses: { tcp: [], ws: [] }, drain: null },
  ])
})

it.each([null, {}, { nodes: {} }, { nodes: [5] }, { nodes: [{ name: 'a b' }] }])(
  'takes %j for no list of nodes',
  (document) => {
    expect(readNodeRecords(document)).toBe(null)
  },
)
