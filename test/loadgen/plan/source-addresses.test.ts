import { describe, expect, it } from 'vitest'
import {
  loopbackAddresses,
  parseSourceAddresses,
} from '../../../src/loadgen/plan/source-addresses.ts'

describe('--source-ip', () => {
  it.each([
    ['10.0.0.5', ['10.0.0.5']],
    ['::1', ['::1']],
    ['10.0.0.5, 10.0.0.9,10.0.0.5', ['10.0.0.5', '10.0.0.9']],
    ['10.0.0.254-10.0.1.1', ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1']],
    ['10.0.0.5-7', ['10.0.0.5', '10.0.0.6', '10.0.0.7']],
    ['10.0.0.1/30', ['10.0.0.1', '10.0.0.2']],
    ['10.0.0.7/31', ['10.0.0.6', '10.0.0.7']],
    ['10.0.0.7/32', ['10.0.0.7']],
    ['200.0.0.1,127.0.0.1/30', ['200.0.0.1', '127.0.0.1', '127.0.0.2']],
  ])('%s is a list of addresses', (text, addresses) => {
    expect(parseSourceAddresses(text)).toEqual(addresses)
  })

  it.each([
    ['eth0', 'expected an address, a list, a range or a block, got "eth0"'],
    ['10.0.0.9-5', 'the range ends before it starts'],
    ['10.0.0.0/8', 'at most 4096 source addresses, got 16777214'],
    ['10.0.0.0/33', 'expected an address'],
    ['10.0.0.0-300', 'expected an address'],
    ['', 'expected an address'],
  ])('%s is refused', (text, message) => {
    expect(() => parseSourceAddresses(text)).toThrow(message)
  })
})

describe('loopback addresses', () => {
  it('count on into the next block', () => {
    const addresses = loopbackAddresses(257)
    expect(addresses[0]).toBe('127.0.1.1')
    expect(addresses[255]).toBe('127.0.2.0')
    expect(new Set(addresses).size).toBe(257)
  })
})
