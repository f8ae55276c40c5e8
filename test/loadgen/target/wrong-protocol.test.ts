import { describe, expect, it } from 'vitest'
import {
  isWrongProtocol,
  protocolOf,
  wrongProtocolCause,
} from '../../../src/loadgen/target/wrong-protocol.ts'

const nameOf = (answer: string | readonly number[]) => {
  const bytes = typeof answer === 'string' ? Buffer.from(answer, 'latin1') : Buffer.from(answer)
  return protocolOf(bytes, 0, bytes.length)
}

describe('the first bytes of a peer', () => {
  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', 'HTTP'],
    ['HTTP/1.0 200 OK\r\n', 'HTTP'],
    ['SSH-2.0-OpenSSH_9.2p1\r\n', 'SSH'],
    ["-ERR unknown command 'GET'\r\n", 'Redis'],
    ['-NOAUTH Authentication required.\r\n', 'Redis'],
    ['220 mail.example ESMTP\r\n', 'SMTP or FTP'],
    ['* OK IMAP4rev1\r\n', 'IMAP'],
    ['+OK ready\r\n', 'POP3 or Redis'],
    ['RFB 003.008\n', 'VNC'],
    ['AMQP\x00\x00\x09\x01', 'AMQP'],
    ['INFO {"server_id":"x"}\r\n', 'NATS'],
    ['ERROR\r\n', 'memcached'],
  ])('%j are %s', (answer, name) => {
    expect(nameOf(answer)).toBe(name)
  })

  it.each([
    ['an alert', [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46], 'TLS'],
    ['a handshake', [0x16, 0x03, 0x03, 0x00, 0x7a], 'TLS'],
    ['SETTINGS', [0, 0, 0x12, 4, 0, 0, 0, 0, 0, 0, 3], 'HTTP/2'],
    ['a CONNACK', [0x20, 0x02, 0x00, 0x00], 'MQTT'],
    ['a close frame', [0x88, 0x02, 0x03, 0xea], 'WebSocket'],
    ['a WELCOME of the push protocol', [0x15, 0x81, 0, 60, 0, 0], null],
    ['a BYE of the push protocol', [0x14, 0x85, 0x0f, 0xa5, 0x0e], 'the push protocol'],
    ['a frame with another code', [0x14, 0x85, 0x00, 0xa5, 0x0e], null],
    ['a greeting of MySQL', [0x4a, 0, 0, 0, 0x0a, 0x38], null],
    ['one byte', [0x15], null],
    ['nothing', [], null],
  ])('%s has its name', (_, bytes, name) => {
    expect(nameOf(bytes)).toBe(name)
  })

  it('give a cause that is known again, unless they are what was expected', () => {
    const http = Buffer.from('HTTP/1.1 400 Bad Request\r\n')
    const tls = Buffer.from([0x15, 3, 3, 0, 2])
    expect(wrongProtocolCause(http, 0, http.length, 'MQTT')).toBe('speaks HTTP, not MQTT')
    expect(wrongProtocolCause(http, 0, http.length, 'HTTP')).toBeNull()
    expect(wrongProtocolCause(tls, 0, tls.length, 'HTTP')).toBe('answers with TLS, not HTTP')
    expect(['speaks HTTP, not MQTT', 'answers with TLS, not HTTP'].every(isWrongProtocol)).toBe(
      true,
    )
    expect(['http 404', 'timeout', 'bye 4003 unauthorized'].some(isWrongProtocol)).toBe(false)
  })
})
