import { expect, it } from 'vitest'
import { ByeAddresses } from '../../src/server/bye-addresses.ts'
import { CARRIER } from '../../src/server/session-table.ts'

it('tells each device what its carrier can use, beginning with another one each time', () => {
  const addresses = new ByeAddresses(['a:1', 'ws://a:2/', 'b:1', 'wss://b:2/'])
  expect(addresses.next(CARRIER.TCP)).toEqual(['a:1', 'b:1'])
  expect(addresses.next(CARRIER.WS_BINARY)).toEqual(['ws://a:2/', 'wss://b:2/'])
  expect(addresses.next(CARRIER.TCP)).toEqual(['b:1', 'a:1'])
  expect(addresses.next(CARRIER.TCP)).toEqual(['a:1', 'b:1'])
  expect(addresses.next(CARRIER.WS_JSON)).toEqual(['wss://b:2/', 'ws://a:2/'])
})

it('names an address that stands there twice first twice as often, and once in each list', () => {
  const addresses = new ByeAddresses(['a:1', 'b:1', 'a:1'])
  const lists = Array.from({ length: 300 }, () => addresses.next(CARRIER.TCP))
  expect(lists.filter(([first]) => first === 'a:1')).toHaveLength(200)
  expect(lists.every((list) => [...list].sort().join() === 'a:1,b:1')).toBe(true)
})

it('tells all where none is for the carrier, and nothing where there is none', () => {
  expect(new ByeAddresses(['ws://a:1/']).next(CARRIER.TCP)).toEqual(['ws://a:1/'])
  expect(new ByeAddresses(['a:1']).next(CARRIER.WS_JSON)).toEqual(['a:1'])
  expect(new ByeAddresses([]).next(CARRIER.TCP)).toEqual([])
})
