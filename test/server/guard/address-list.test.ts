import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readIpAddress } from '../../../src/protocol/ip-address.ts'
import { AddressList, isAddressBlock } from '../../../src/server/guard/address-list.ts'

function has(list: AddressList, address: string): boolean {
  const bytes = new Uint8Array(18)
  const text = new TextEncoder().encode(address)
  expect(readIpAddress(text, 0, text.length, bytes, 2)).toBe(true)
  return list.has(bytes, 2)
}

describe('a list of address blocks', () => {
  it('has what its blocks have, of each family', () => {
    const list = new AddressList(['10.0.0.0/8', '192.0.2.1', '2001:db8::/33', '::1'])
    expect(
      ['10.255.0.1', '192.0.2.1', '2001:db8:7fff::1', '::1', '::ffff:10.1.1.1'].map((address) =>
        has(list, address),
      ),
    ).toEqual([true, true, true, true, true])
    expect(
      ['11.0.0.0', '192.0.2.2', '2001:db8:8000::', '::2'].map((address) => has(list, address)),
    ).toEqual([false, false, false, false])
  })

  it('of everything is 0.0.0.0/0 for IPv4 only, and ::/0 for all', () => {
    expect(has(new AddressList(['0.0.0.0/0']), '203.0.113.9')).toBe(true)
    expect(has(new AddressList(['0.0.0.0/0']), '2001:db8::1')).toBe(false)
    expect(has(new AddressList(['::/0']), '203.0.113.9')).toBe(true)
  })

  it.each([
    '',
    '10',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    'a.example',
  ])('%j is none', (text) => {
    expect(isAddressBlock(text)).toBe(false)
  })

  it('agrees with the runtime on every block and address', () => {
    const block = fc.oneof(
      fc.record({ address: fc.ipV4(), bits: fc.nat(32) }),
      fc.record({ address: fc.ipV6(), bits: fc.nat(128) }),
    )
    const address = fc.oneof(fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 4 }), address, (blocks, asked) => {
        // The runtime takes mapped addresses for IPv4 in some ways only.
        fc.pre(![...blocks.map((one) => one.address), asked].some((text) => /^0?:.*\./.test(text)))
        const known = new BlockList()
        for (const one of blocks) {
          known.addSubnet(one.address, one.bits, isIP(one.address) === 4 ? 'ipv4' : 'ipv6')
        }
        fc.pre(isIP(asked) === 6 || !blocks.some((one) => isIP(one.address) === 6))
        const list = new AddressList(blocks.map((one) => `${one.address}/${one.bits}`))
        expect(has(list, asked)).toBe(known.check(asked, isIP(asked) === 4 ? 'ipv4' : 'ipv6'))
      }),
    )
  })
})
