import fc from 'fast-check'
import { expect, it } from 'vitest'
import { deviceAddresses } from '../../../src/commands/cluster/device-addresses.ts'
import { nodeRecord } from './node-records.ts'

it('names each node once for each carrier where they have the same room', () => {
  expect(deviceAddresses([nodeRecord('a'), nodeRecord('b')])).toEqual([
    ...['a:7000', 'b:7000'],
    ...['ws://a:7001/', 'ws://b:7001/'],
  ])
})

it('names a node with more room more often, in turns, and none where there is none', () => {
  const targets = [nodeRecord('a'), nodeRecord('b', { devicesOnline: 700 })]
  const tcp = deviceAddresses(targets).filter((address) => !address.includes('://'))
  expect(tcp).toEqual(['a:7000', 'b:7000', 'a:7000', 'a:7000'])
  expect(deviceAddresses([])).toEqual([])
})

it('takes turns through the addresses of one node', () => {
  const addresses = { tcp: ['a:1', 'a:2'], ws: [] }
  const targets = [nodeRecord('a', { addresses }), nodeRecord('b', { devicesOnline: 700 })]
  expect(deviceAddresses(targets)).toEqual(['a:1', 'b:7000', 'a:2', 'a:1', 'ws://b:7001/'])
})

it('never names more than a BYE holds, and always those with the most room', () => {
  const nodes = fc.array(fc.record({ devicesMax: fc.nat(9_999), devicesOnline: fc.nat(9_999) }), {
    minLength: 1,
    maxLength: 40,
  })
  fc.assert(
    fc.property(nodes, (rooms) => {
      const targets = rooms.map((room, i) => nodeRecord(`n${i}`, room))
      const addresses = deviceAddresses(targets)
      const tcp = addresses.filter((address) => !address.includes('://'))
      expect(addresses.length).toBeLessThanOrEqual(16)
      expect(new Set(tcp).size).toBe(Math.min(8, targets.length))
      const roomOf = (node: (typeof targets)[0]) => node.devicesMax - node.devicesOnline
      const roomiest = targets.toSorted((a, b) => roomOf(b) - roomOf(a))[0]!
      expect(
        tcp.some((address) => {
          const named = targets.find(({ addresses: { tcp: own } }) => own[0] === address)!
          return Math.max(1, roomOf(named)) >= Math.max(1, roomOf(roomiest))
        }),
      ).toBe(true)
    }),
  )
})
