import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readIpAddress } from '../../../src/protocol/ip-address.ts'
import { AddressRate } from '../../../src/server/guard/address-rate.ts'
import { SipHash } from '../../../src/server/sip-hash.ts'

const bytes = new Uint8Array(16)

function setUp(perSecond: number) {
  const rate = new AddressRate(perSecond, new SipHash(new Uint32Array([5, 6, 7, 8])))
  return (address: string, nowMs: number) => {
    const text = new TextEncoder().encode(address)
    readIpAddress(text, 0, text.length, bytes, 0)
    return rate.take(bytes, 0, nowMs)
  }
}

describe('the connect rate of an address', () => {
  it('lets ten seconds of it through at once, then the rate', () => {
    const take = setUp(2)
    const taken = (nowMs: number) => {
      let count = 0
      while (take('192.0.2.1', nowMs)) count++
      return count
    }
    expect([taken(1_000), taken(1_400), taken(1_500), taken(60_000)]).toEqual([20, 0, 1, 20])
  })

  it('counts each IPv4 address alone, and IPv6 by its net', () => {
    const take = setUp(0.1)
    for (let index = 0; index < 5; index++) {
      expect(take('192.0.2.1', 0)).toBe(true)
      expect(take(`2001:db8::${index + 1}`, 0)).toBe(true)
    }
    expect(take('192.0.2.1', 0)).toBe(false)
    expect(take('192.0.2.2', 0)).toBe(true)
    expect(take('2001:db8::9', 0)).toBe(false)
    expect(take('2001:db8:0:1::9', 0)).toBe(true)
  })

  it('never refuses an address that stays below it, however many others come', () => {
    const take = setUp(1)
    let nowMs = 0
    for (let index = 0; index < 200_000; index++) {
      nowMs += 1
      take(`10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`, nowMs)
      if (index % 1_000 === 0) expect(take('192.0.2.1', nowMs)).toBe(true)
    }
  })

  it('holds one address to its rate while a few thousand others come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 3_000 }), (others) => {
        const take = setUp(1)
        let passed = 0
        for (let index = 0; index < others; index++) {
          take(`10.0.${index >> 8}.${index & 255}`, index)
          if (take('192.0.2.1', index)) passed++
        }
        expect(passed).toBeLessThanOrEqual(10 + others / 1_000 + 1)
      }),
      { numRuns: 20 },
    )
  })
})
