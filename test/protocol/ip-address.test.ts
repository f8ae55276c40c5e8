import { isIP, SocketAddress } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatIpAddress, readIpAddress } from '../../src/protocol/ip-address.ts'

function read(text: string): string | null {
  const out = new Uint8Array(20).fill(0xaa)
  const bytes = new TextEncoder().encode(`«${text}»`)
  const start = 2
  if (!readIpAddress(bytes, start, bytes.length - 2, out, 2)) return null
  expect([out[0], out[1], out[18], out[19]]).toEqual([0xaa, 0xaa, 0xaa, 0xaa])
  return formatIpAddress(out, 2)
}

describe('IP addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::ffff:a01:203', '10.1.2.3'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    expect(read(text)).toBe(canonical)
  })

  it.each(
    [
      ...['', '1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '1.2.3.-4', '1..2.3'],
      ...[
        ':',
        ':::',
        '1:',
        ':1',
        '1::2::3',
        '1:2:3:4:5:6:7',
        '1:2:3:4:5:6:7:8:9',
        '12345::',
        'g::',
      ],
      ...[
        '::1%eth0',
        '[::1]',
        '1:2:3:4:5:6:7:1.2.3.4',
        '::1.2.3',
        '1:2:3:4:5:6:7:8::',
        '::1.2.3.4:5',
      ],
    ].map((text) => [text]),
  )('%j is none', (text) => {
    expect(read(text)).toBeNull()
  })

  it('are the same as for the runtime, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = formatIpAddress(bytes, 0)
        const family = isIP(text) === 4 ? 'ipv4' : 'ipv6'
        expect(isIP(text)).not.toBe(0)
        if (family === 'ipv6')
          expect(new SocketAddress({ address: text, family }).address).toBe(text)
        expect(read(text)).toBe(text)
      }),
    )
  })

  it('are exactly the texts that the runtime takes, zones apart', () => {
    const near = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.:.::'), maxLength: 24 }),
    )
    fc.assert(
      fc.property(near, (text) => {
        expect(read(text) !== null).toBe(isIP(text) !== 0)
      }),
      { numRuns: 3_000 },
    )
  })
})
