import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatIpAddress } from '../../src/protocol/ip-address.ts'
import { PROXY_EVENT, ProxyHeader } from '../../src/protocol/proxy-header.ts'

const { NEED_MORE, HEADER, FAULT } = PROXY_EVENT
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** Fed whole, and one byte at a time: both must say the same, and read nothing behind the end. */
function read(header: Uint8Array, behind = 'HELLO'): string {
  const padding = 3
  const bytes = Buffer.concat([Buffer.alloc(padding, 0x50), header, Buffer.from(behind)])
  const reader = new ProxyHeader()
  const slow = new ProxyHeader()
  const whole = said(reader, reader.read(bytes, padding, bytes.length), padding)
  for (let end = padding; end <= bytes.length; end++) {
    const event = slow.read(bytes.subarray(0, end), padding, end)
    if (event === NEED_MORE) continue
    expect(said(slow, event, padding)).toBe(whole)
    return whole
  }
  expect(whole).toBe('more')
  return whole
}

function said(reader: ProxyHeader, event: number, start: number): string {
  if (event === NEED_MORE) return 'more'
  if (event === FAULT) return 'fault'
  expect(event).toBe(HEADER)
  const from = reader.hasAddress ? `${formatIpAddress(reader.address, 0)} ${reader.port}` : 'itself'
  return `${from}, ${reader.headerEnd - start} bytes`
}

const line = (text: string) => Buffer.from(text, 'latin1')

function binary(
  command: number,
  family: number,
  body: Uint8Array,
  announced = body.length,
): Buffer {
  const head = Buffer.from([0x20 | command, family, announced >> 8, announced & 0xff])
  return Buffer.concat([SIGNATURE, head, body])
}

const V4 = Buffer.from('c0000201c00002029c401b58', 'hex')
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.from('9c401b58', 'hex'),
])

describe('a PROXY header in text', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 192.0.2.2 40000 7000\r\n', '192.0.2.1 40000, 43 bytes'],
    ['PROXY TCP6 2001:db8::1 ::1 65535 0\r\n', '2001:db8::1 65535, 36 bytes'],
    ['PROXY TCP6 ::ffff:10.0.0.1 ::1 1 2\r\n', '10.0.0.1 1, 36 bytes'],
    ['PROXY UNKNOWN\r\n', 'itself, 15 bytes'],
    ['PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', 'itself, 35 bytes'],
  ])('%j', (text, expected) => {
    expect(read(line(text))).toBe(expected)
  })

  it.each(
    [
      'HELLO',
      'PROXZ ',
      'proxy TCP4 192.0.2.1 192.0.2.2 40000 7000\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 40000\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 40000 7000 \r\n',
      'PROXY TCP4  192.0.2.1 192.0.2.2 40000 7000\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 65536 7000\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 040 7000\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 40000 -1\r\n',
      'PROXY TCP4 2001:db8::1 ::1 1 2\r\n',
      'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n',
      'PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 40000 7000\n',
      'PROXY \r\n',
      `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
    ].map((text) => [text]),
  )('%j is a fault', (text) => {
    expect(read(line(text))).toBe('fault')
  })

  it('waits for its end, but not for ever', () => {
    expect(read(line('PROXY TCP4 192.0.2.1'), '')).toBe('more')
    expect(read(line(`PROXY ${'x'.repeat(100)}`), '')).toBe('more')
    expect(read(line(`PROXY ${'x'.repeat(101)}`), '')).toBe('fault')
  })
})

describe('a PROXY header in binary', () => {
  it.each([
    ['IPv4', binary(1, 0x11, V4), '192.0.2.1 40000, 28 bytes'],
    ['IPv6', binary(1, 0x21, V6), '2001:db8::1 40000, 52 bytes'],
    [
      'with extensions',
      binary(1, 0x11, Buffer.concat([V4, Buffer.alloc(9)])),
      '192.0.2.1 40000, 37 bytes',
    ],
    ['LOCAL', binary(0, 0, Buffer.alloc(0)), 'itself, 16 bytes'],
    ['LOCAL with what is to be skipped', binary(0, 0x11, V4), 'itself, 28 bytes'],
    ['a UNIX socket', binary(1, 0x31, Buffer.alloc(216)), 'itself, 232 bytes'],
    ['datagrams', binary(1, 0x12, V4), 'itself, 28 bytes'],
  ])('%s', (_name, bytes, expected) => {
    expect(read(bytes)).toBe(expected)
  })

  it.each([
    ['another signature', Buffer.concat([Buffer.from('\r\n\r\nX'), Buffer.alloc(20)])],
    ['version 1 in binary', Buffer.concat([SIGNATURE, Buffer.from([0x11, 0x11, 0, 12]), V4])],
    ['an unknown command', binary(2, 0x11, V4)],
    ['addresses cut short', binary(1, 0x11, V4.subarray(1))],
    ['an endless body', binary(1, 0x11, V4, 4_097)],
  ])('%s is a fault', (_name, bytes) => {
    expect(read(bytes)).toBe('fault')
  })

  it('waits for its end', () => {
    expect(read(binary(1, 0x11, V4, 100), '')).toBe('more')
    expect(read(SIGNATURE, '')).toBe('more')
  })
})

describe('whatever comes as a PROXY header', () => {
  const near = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 60 }).map((body) => binary(1, 0x11, body)),
    fc
      .record({ bytes: fc.uint8Array({ maxLength: 80 }), at: fc.nat(40), to: fc.nat(255) })
      .map((cut) => {
        const bytes = Buffer.concat([binary(1, 0x21, V6), cut.bytes])
        bytes[cut.at] = cut.to
        return bytes
      }),
    fc
      .string({ unit: fc.constantFrom(...'PROXYTCP46 :.0123456789\r\n'), maxLength: 120 })
      .map((text) => line(`PROXY ${text}`)),
  )

  it('is read the same whole and byte by byte, never past its end, and needs no more than its limit', () => {
    fc.assert(
      fc.property(near, (bytes) => {
        const answer = read(bytes, '')
        if (answer === 'more') expect(bytes.length).toBeLessThan(16 + 4_096)
        const length = /, (\d+) bytes/.exec(answer)?.[1]
        if (length !== undefined) expect(Number(length)).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 2_000 },
    )
  })
})
