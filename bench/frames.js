/**
 * The bytes that the load client sends, encoded once here so that the client stays dumb: push
 * protocol 1 frames for pushctl and the C loop (docs/protocol.md), plain messages of the same
 * size for the WebSocket peers. WebSocket frames carry a zero mask key: every server still
 * unmasks them, and the client may write a device number into them.
 */

const HELLO_TYPE = 0x01
const SEND_TYPE = 0x05
const MSG_TYPE = 0x83
const HEARTBEAT_S = 300
/** Digits of the connection's number at the end of its device id. */
const ID_DIGITS = 8
const DEVICE_ID = Buffer.from('bench-device'.padEnd(29, '0'))

/** Unsigned LEB128. */
function varint(value) {
  const bytes = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left > 127 ? (left % 128) | 0x80 : left)
    if (left <= 127) return Buffer.from(bytes)
  }
}

function string(text) {
  const bytes = Buffer.from(text)
  return Buffer.concat([varint(bytes.length), bytes])
}

/**
 * HELLO without token and tags, 40 bytes, also what the peers get; its last ID_DIGITS of the
 * device id are rewritten by the client.
 */
function pushHello() {
  return Buffer.concat([
    Buffer.from([HELLO_TYPE, 1, 0, 1]),
    varint(HEARTBEAT_S),
    varint(0),
    varint(0),
    string(DEVICE_ID),
    string(''),
    varint(0),
  ])
}

/** SEND to the product that sends back what it got; request 0 asks for no SENT. */
function pushEcho(payloadBytes) {
  return Buffer.concat([
    Buffer.from([SEND_TYPE]),
    varint(0),
    string('echo'),
    string(''),
    Buffer.alloc(payloadBytes, 'e'),
  ])
}

/** One masked binary message (RFC 6455 section 5.2), at most 65,535 bytes. */
function webSocketFrame(message) {
  const FINAL_BINARY = 0x82
  const MASKED = 0x80
  const length = message.length
  const head =
    length < 126
      ? [FINAL_BINARY, MASKED | length]
      : [FINAL_BINARY, MASKED | 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), message])
}

function tcpFrame(message) {
  return Buffer.concat([varint(message.length), message])
}

function upgradeRequest(port, subprotocol) {
  const lines = [
    'GET / HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(subprotocol ? [`Sec-WebSocket-Protocol: ${subprotocol}`] : []),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

/**
 * What the client needs to speak to one peer. `speaks` is 'push' (protocol 1, only MSG frames
 * count) or 'plain' (any message counts); `carrier` is 'tcp' or 'ws'.
 */
export function wireOf({ carrier, speaks, port }) {
  const frame = carrier === 'ws' ? webSocketFrame : tcpFrame
  const isPush = speaks === 'push'
  const framed = carrier === 'tcp' || isPush
  const hello = frame(pushHello())
  const idEnd = hello.indexOf(DEVICE_ID) + DEVICE_ID.length
  return {
    carrier,
    upgrade: carrier === 'ws' ? upgradeRequest(port, isPush ? 'push.v1' : '') : Buffer.alloc(0),
    hello,
    idAt: idEnd - ID_DIGITS,
    idDigits: ID_DIGITS,
    countByte: isPush ? MSG_TYPE : -1,
    echo: (payloadBytes) =>
      frame(framed ? pushEcho(payloadBytes) : Buffer.alloc(payloadBytes, 'e')),
  }
}
