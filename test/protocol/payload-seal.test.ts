import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headOfMsg, headOfSend } from '../../src/protocol/payload-heads.ts'
import { payloadKeysFromText } from '../../src/protocol/payload-keys.ts'
import {
  deviceKeyFrom,
  nextNonce,
  openPayload,
  SEAL_BYTES,
  sealPayload,
} from '../../src/protocol/payload-seal.ts'
import { sectionOf } from './protocol-doc.ts'

const payload = fc.uint8Array({ maxLength: 200 })
const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const msg = fc.record({ flags: fc.nat(255), seq: fc.nat(2 ** 31 - 1) })

describe('a sealed payload', () => {
  it('opens with its key and its head, 28 bytes longer than it was', () => {
    fc.assert(
      fc.property(key, msg, payload, (secret, { flags, seq }, bytes) => {
        const sealed = sealPayload(secret, nextNonce(), headOfMsg(flags, seq), bytes)
        expect(sealed.length).toBe(bytes.length + SEAL_BYTES)
        const opened = openPayload(secret, headOfMsg(flags, seq), sealed)
        expect(Buffer.from(opened!)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('does not open with a bit changed, cut short, or under another number or stream', () => {
    fc.assert(
      fc.property(key, payload, fc.nat(), (secret, bytes, at) => {
        const sealed = sealPayload(secret, nextNonce(), headOfMsg(0, 5), bytes)
        const changed = Uint8Array.from(sealed)
        changed[at % changed.length]! ^= 1 << (at % 8)
        expect(openPayload(secret, headOfMsg(0, 5), changed)).toBe(null)
        expect(openPayload(secret, headOfMsg(0, 5), sealed.subarray(0, -1))).toBe(null)
        expect(openPayload(secret, headOfMsg(0, 5), sealed.subarray(0, at % SEAL_BYTES))).toBe(null)
        expect(openPayload(secret, headOfMsg(0, 6), sealed)).toBe(null)
        expect(openPayload(secret, headOfMsg(2, 5), sealed)).toBe(null)
      }),
    )
  })

  it('has a nonce of its own', () => {
    const nonces = Array.from({ length: 2_000 }, () => Buffer.from(nextNonce()).toString('hex'))
    expect(new Set(nonces).size).toBe(2_000)
  })

  it('is what docs/protocol.md shows', () => {
    const rows = /```hex\n([\s\S]*?)```/.exec(sectionOf('## Sealed payloads'))![1]!
    const lines = rows
      .trim()
      .split('\n')
      .map((line) => line.split(';'))
    const bytes = Object.fromEntries(
      lines.map(([hex, name]) => [
        name!.trim().split(':')[0],
        Uint8Array.from(Buffer.from(hex!.replaceAll(' ', ''), 'hex')),
      ]),
    )
    const ofDevice = deviceKeyFrom(bytes['master']!, Buffer.from('phone-7'))
    expect(ofDevice).toEqual(bytes['key of the device'])
    expect(headOfMsg(1, 42)).toEqual(bytes['head of the MSG'])
    const nonce = bytes['nonce']!
    const goal = sealPayload(ofDevice, nonce, headOfMsg(1, 42), Buffer.from('goal!'))
    expect(goal).toEqual(bytes['container in the MSG'])
    const strings = Buffer.from('chat/r')
    const send = { productStart: 0, productEnd: 4, routeStart: 4, routeEnd: 6 }
    expect(headOfSend(strings, send)).toEqual(bytes['head of the SEND'])
    const hi = sealPayload(ofDevice, nonce, headOfSend(strings, send), Buffer.from('hi'))
    expect(hi).toEqual(bytes['container in the SEND'])
  })
})

describe('a file of payload keys', () => {
  const read = (text: string) => payloadKeysFromText('--payload-key-file', 'keys', text)
  const hex = '0123456789abcdef'.repeat(4)

  it('holds numbered keys, with comments and empty lines between them', () => {
    const keys = read(`# old\n1 ${hex}\n\n  15\t${hex.toUpperCase()}  \n`)
    expect(keys.map(({ number }) => number)).toEqual([1, 15])
    expect(keys.map(({ key: bytes }) => Buffer.from(bytes).toString('hex'))).toEqual([hex, hex])
  })

  it.each([
    ['nothing', '', 'got none in keys'],
    ['a key without a number', hex, 'got something else in line 1 in keys'],
    ['a number above 15', `16 ${hex}`, 'got something else in line 1 in keys'],
    ['number 0', `0 ${hex}`, 'got something else in line 1 in keys'],
    ['a short key', `1 ${hex}\n2 ${hex.slice(2)}`, 'got something else in line 2 in keys'],
    ['a number twice', `1 ${hex}\n1 ${hex}`, 'got key 1 twice in keys'],
  ])('is refused with %s, without telling what it holds', (_, text, got) => {
    expect(() => read(text)).toThrow(
      '--payload-key-file must hold a key a line: a number from 1 to 15 and 64 hexadecimal ' +
        `digits, ${got}`,
    )
    expect(() => read(text)).not.toThrow(hex.slice(0, 20))
  })
})
