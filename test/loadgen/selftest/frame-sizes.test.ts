import { describe, expect, it } from 'vitest'
import {
  helloFrameBytes,
  msgFrameBytes,
  sendFrameBytes,
  tcpFrameBytes,
  webSocketFrameBytes,
  welcomeFrameBytes,
} from '../../../src/loadgen/selftest/frame-sizes.ts'
import {
  helloFields,
  writeHello,
  writeMsg,
  writeSend,
  writeWelcome,
} from '../../../src/protocol/frame-writer.ts'

const out = new Uint8Array(1_024)

describe('frame sizes', () => {
  it('are those that are written', () => {
    const payload = new Uint8Array(256)
    const product = new TextEncoder().encode('echo')
    const send = { product, route: new Uint8Array(0), payload, payloadStart: 0, payloadEnd: 256 }
    expect(sendFrameBytes(256)).toBe(writeSend(out, 0, { requestId: 0, ...send }))
    expect(msgFrameBytes(256)).toBe(writeMsg(out, 0, 0, 0, -1, payload, 0, 256))
    expect(helloFrameBytes(15)).toBe(writeHello(out, 0, helloFields('b'.repeat(15), '', [])))
    const welcome = {
      flags: 0,
      heartbeatSeconds: 300,
      serverTimeMs: 0,
      inboxSeq: 0,
      broadcastSeq: 0,
      sessionIdHigh: 0,
      sessionIdLow: 0,
    }
    expect(welcomeFrameBytes(300)).toBe(writeWelcome(out, 0, welcome))
  })

  it('count the header of their carrier', () => {
    expect([1, 127, 128, 16_384].map(tcpFrameBytes)).toEqual([2, 128, 130, 16_387])
    expect([125, 126, 65_535, 65_536].map((bytes) => webSocketFrameBytes(bytes, false))).toEqual([
      127, 130, 65_539, 65_546,
    ])
    expect(webSocketFrameBytes(125, true)).toBe(131)
  })
})
