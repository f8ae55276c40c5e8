import { describe, expect, it } from 'vitest'
import { BYE, byeRange, byeReason, FRAME, LIMITS } from '../../src/protocol/frame-types.ts'
import { rowsOf, sectionOf } from './protocol-doc.ts'

describe('BYE codes', () => {
  it('tell by their hundreds what to do, also to a client that does not know them', () => {
    expect([4000, 4099, 4100, 4199, 4200, 4299, 4300, 4399].map(byeRange)).toEqual([
      'stop',
      'stop',
      'backoff',
      'backoff',
      'now',
      'now',
      'elsewhere',
      'elsewhere',
    ])
    expect([1006, 3999, 4400].map(byeRange)).toEqual(['backoff', 'backoff', 'backoff'])
  })

  it('have a reason each', () => {
    expect([4000, 4004, 4102, 4201, 4302, 4399].map(byeReason)).toEqual([
      'protocol-error',
      'bad-device-id',
      'too-slow',
      'handshake-timeout',
      'wrong-node',
      'unknown',
    ])
  })
})

describe('the numbers of docs/protocol.md', () => {
  it('are those of every type and every BYE code', () => {
    const types = rowsOf(sectionOf('## Frames'))
      .filter(([name]) => name.startsWith('0x'))
      .map(([type, cells]) => [cells[0], Number(type)])
    expect(Object.fromEntries(types)).toEqual(FRAME)
    const codes = rowsOf(sectionOf('## BYE codes'))
      .filter(([name]) => /^\d+$/.test(name))
      .map(([code, cells]) => [Number(code), cells[0]])
    expect(codes).toEqual(Object.values(BYE).map((code) => [code, byeReason(code)]))
  })

  it('are the limits that the code has', () => {
    const limits = sectionOf('## Limits')
    const stated = (row: string) => {
      const cell = limits
        .split('\n')
        .find((line) => line.startsWith(`| ${row}`))
        ?.split(' | ')[1]
      return cell?.match(/\d[\d,]*/g)?.map((number) => Number(number.replace(/,/g, '')))
    }
    expect(stated('frame')).toEqual([LIMITS.frameBytesMax / 1024])
    expect(stated('handshake')).toEqual([LIMITS.handshakeMs / 1000])
    expect(stated('`deviceId`')).toEqual([LIMITS.deviceIdBytesMax])
    expect(stated('tags')).toEqual([LIMITS.tagCountMax])
    expect(stated('`tag`')).toEqual([LIMITS.tagBytesMax])
    expect(stated('`token`')).toEqual([LIMITS.tokenBytesMax])
    expect(stated('`product`')).toEqual([LIMITS.productBytesMax])
    expect(stated('`route`')).toEqual([LIMITS.routeBytesMax])
    expect(stated('`reason`')).toEqual([LIMITS.reasonBytesMax])
    expect(stated('addresses')).toEqual([LIMITS.addressCountMax, LIMITS.addressBytesMax])
    expect(stated('unacked')).toEqual([LIMITS.unackedPerDeviceMax])
    expect(stated('send queue')).toEqual([LIMITS.sendQueueBytesMax / 1024])
    expect(stated('HTTP')).toEqual([
      LIMITS.upgradeHeadBytesMax / 1024,
      LIMITS.upgradeHeaderCountMax,
    ])
    expect(stated('JSON')).toEqual([LIMITS.jsonDepthMax])
  })
})
