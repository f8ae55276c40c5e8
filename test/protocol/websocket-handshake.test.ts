import { describe, expect, it } from 'vitest'
import {
  UpgradeResponse,
  upgradeKeyFromBytes,
  upgradeRequestText,
  writeUpgradeRequest,
} from '../../src/protocol/websocket-client-handshake.ts'
import {
  acceptFromKey,
  UPGRADE_EVENT,
  UPGRADE_FAULTS,
  UPGRADE_RESPONSE_BYTES_MAX,
  UpgradeRequest,
  writeUpgradeRefusal,
  writeUpgradeResponse,
} from '../../src/protocol/websocket-handshake.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

function requestBytes(subprotocols: string[], headers: Record<string, string> = {}): Uint8Array {
  const fields = { target: '/push?a=1', host: 'localhost:1', key: KEY, subprotocols, headers }
  const out = new Uint8Array(upgradeRequestText(fields).length)
  expect(writeUpgradeRequest(out, 0, fields)).toBe(out.length)
  return out
}

describe('WebSocket handshake', () => {
  it('answers the key of RFC 6455 with its accept value', () => {
    expect(acceptFromKey(KEY)).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  })

  it('makes a key of 16 bytes', () => {
    expect(upgradeKeyFromBytes(Buffer.from('the sample nonce!!').subarray(0, 16))).toBe(KEY)
  })

  for (const subprotocols of [[], ['push.v1'], ['push.v1.json', 'push.v1'], ['x', 'push.v1']]) {
    it(`agrees between our client and our server when ${subprotocols} is offered`, () => {
      const request = new UpgradeRequest()
      const bytes = requestBytes(subprotocols, { Authorization: 'Bearer x', Origin: 'http://o' })
      expect(request.read(bytes, 0, bytes.length)).toBe(UPGRADE_EVENT.UPGRADE)
      expect(request.target).toBe('/push?a=1')
      expect([request.host, request.origin]).toEqual(['localhost:1', 'http://o'])
      expect(request.authorization).toBe('Bearer x')
      const chosen = subprotocols.find((name) => name.startsWith('push'))
      expect(request.subprotocol).toBe(chosen ?? 'push.v1.json')

      const out = new Uint8Array(UPGRADE_RESPONSE_BYTES_MAX)
      const end = writeUpgradeResponse(out, 0, request)
      expect(end).toBeLessThanOrEqual(UPGRADE_RESPONSE_BYTES_MAX)
      const response = new UpgradeResponse()
      const accept = acceptFromKey(KEY)
      expect(response.read(out, 0, end, accept, subprotocols)).toBe(UPGRADE_EVENT.UPGRADE)
      expect(response.subprotocol).toBe(chosen ?? '')
      expect(response.headEnd).toBe(end)
    })
  }

  it('leaves what follows the head to the frame reader', () => {
    const request = new UpgradeRequest()
    const bytes = Buffer.concat([requestBytes(['push.v1']), Buffer.from([0x89, 0x80])])
    expect(request.read(bytes, 0, bytes.length)).toBe(UPGRADE_EVENT.UPGRADE)
    expect(bytes.length - request.headEnd).toBe(2)
  })

  it('keeps target and headers readable after a refusal, for a server that has other uses', () => {
    const request = new UpgradeRequest()
    const bytes = Buffer.from('GET /v1/events?x HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 7\r\n\r\n')
    expect(request.read(bytes, 0, bytes.length)).toBe(UPGRADE_EVENT.FAULT)
    expect(request.fault).toBe('not-an-upgrade')
    expect([request.target, request.header('last-event-id')]).toEqual(['/v1/events?x', '7'])
  })

  it('writes complete refusals that say what would be accepted', () => {
    const out = new Uint8Array(512)
    const text = (status: number, headers?: string) =>
      Buffer.from(out.subarray(0, writeUpgradeRefusal(out, 0, status, 'why', headers))).toString()
    expect(text(426)).toMatchInlineSnapshot(`
      "HTTP/1.1 426 Upgrade Required
      Upgrade: websocket
      Sec-WebSocket-Version: 13
      Connection: close
      Content-Type: text/plain
      Content-Length: 4

      why
      "
    `)
    expect(text(405)).toContain('\r\nAllow: GET\r\n')
    expect(text(503, 'Retry-After: 5\r\n')).toContain('\r\nRetry-After: 5\r\n')
    for (const [status] of Object.values(UPGRADE_FAULTS))
      expect(text(status)).not.toMatch(/Refused/)
  })

  it('refuses to write a header that would be two', () => {
    expect(() => requestBytes([], { 'X-A': 'b\r\nX-C: d' })).toThrow(RangeError)
  })
})
