/**
 * A device of the tests, the same over all three carriers: frames go in and come out as the
 * objects of docs/protocol.md#frames-as-json. `raw` writes what no well-behaved device would.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { frameFromJson, jsonFromFrame } from '../../src/protocol/json-frames.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { TCP_EVENT, TcpFraming, writeLengthBefore } from '../../src/protocol/tcp-framing.ts'
import { untilTrue } from './node-stage.ts'

export type CarrierName = 'tcp' | 'push.v1' | 'push.v1.json'
export const CARRIER_NAMES: readonly CarrierName[] = ['tcp', 'push.v1', 'push.v1.json']

export interface FrameObject {
  readonly type: string
  readonly [field: string]: unknown
}

interface Ports {
  readonly tcpPort: number
  readonly wsPort: number
}

const OPCODE = { TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

export class DevicePeer {
  readonly carrier: CarrierName
  readonly socket: Socket
  /** Frames of the node, in order. */
  readonly frames: FrameObject[] = []
  /** HTTP status of the upgrade; 0 before, and on TCP. */
  status = 0
  /** Close code of the WebSocket; 0 where there was none. */
  closeCode = 0
  /** Payloads of WebSocket pongs. */
  readonly pongs: string[] = []
  isEnded = false
  isClosed = false
  #received = Buffer.alloc(0)
  readonly #reader = new FrameReader({ from: 'node' })

  /** `source`: the address to come from. */
  constructor(carrier: CarrierName, ports: Ports, source = '127.0.0.1') {
    this.carrier = carrier
    const port = carrier === 'tcp' ? ports.tcpPort : ports.wsPort
    this.socket = connect({ host: '127.0.0.1', port, localAddress: source })
    this.socket.setNoDelay(true)
    this.socket.on('data', (chunk) => this.#onBytes(chunk))
    this.socket.on('error', () => {})
    this.socket.on('end', () => {
      this.isEnded = true
    })
    this.socket.on('close', () => {
      this.isClosed = true
    })
  }

  /** Connected, and on WebSocket upgraded. */
  static async open(carrier: CarrierName, ports: Ports): Promise<DevicePeer> {
    const peer = new DevicePeer(carrier, ports)
    if (carrier === 'tcp') await untilTrue(() => !peer.socket.connecting)
    else {
      peer.socket.write(upgradeHead(carrier))
      await untilTrue(() => peer.status !== 0 || peer.isClosed)
      if (peer.status !== 101) throw new Error(`not upgraded: ${peer.status}`)
    }
    return peer
  }

  /** Opens, says HELLO and is welcome. */
  static async join(
    carrier: CarrierName,
    ports: Ports,
    deviceId: string,
    more: Record<string, unknown> = {},
  ): Promise<DevicePeer> {
    const peer = await DevicePeer.open(carrier, ports)
    peer.send({ type: 'HELLO', deviceId, ...more })
    await peer.until('WELCOME')
    return peer
  }

  send(...frames: readonly FrameObject[]): void {
    this.raw(Buffer.concat(frames.map((frame) => this.encode(frame))))
  }

  raw(bytes: Uint8Array | string): void {
    this.socket.write(bytes)
  }

  encode(frame: FrameObject): Buffer {
    if (this.carrier === 'push.v1.json') {
      return webSocketFrame(OPCODE.TEXT, Buffer.from(JSON.stringify(frame)))
    }
    const binary = binaryFrame(frame)
    return this.carrier === 'tcp' ? tcpFrame(binary) : webSocketFrame(OPCODE.BINARY, binary)
  }

  of(type: string): FrameObject[] {
    return this.frames.filter((frame) => frame.type === type)
  }

  /** The frame of that type, once it is there. */
  async until(type: string, count = 1): Promise<FrameObject> {
    await untilTrue(() => this.of(type).length >= count || this.isClosed)
    const frame = this.of(type)[count - 1]
    if (!frame) throw new Error(`closed without ${type}: ${JSON.stringify(this.frames)}`)
    return frame
  }

  /** What the node said last, once the connection is over. */
  async bye(): Promise<FrameObject | undefined> {
    await untilTrue(() => this.isClosed)
    return this.frames.at(-1)
  }

  destroy(): void {
    this.socket.destroy()
  }

  #onBytes(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.carrier === 'tcp') this.#readTcp()
    else {
      if (this.status === 0) this.#readHead()
      if (this.status === 101) this.#readWebSocket()
    }
  }

  #readTcp(): void {
    const framing = new TcpFraming(1 << 20)
    let at = 0
    while (framing.next(this.#received, at, this.#received.length) === TCP_EVENT.FRAME) {
      this.#onFrame(this.#received.subarray(framing.bodyStart, framing.bodyEnd))
      at = framing.bodyEnd
    }
    this.#received = this.#received.subarray(at)
  }

  #readHead(): void {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    this.status = Number(this.#received.toString('latin1', 9, 12))
    this.#received = this.#received.subarray(end + 4)
  }

  #readWebSocket(): void {
    for (;;) {
      const bytes = this.#received
      if (bytes.length < 2) return
      const [first, second] = bytes as unknown as [number, number]
      const extended = second === 126 ? 2 : second === 127 ? 8 : 0
      if (bytes.length < 2 + extended) return
      let size = second
      if (extended === 2) size = bytes.readUInt16BE(2)
      else if (extended === 8) size = Number(bytes.readBigUInt64BE(2))
      const start = 2 + extended
      if (bytes.length < start + size) return
      const payload = bytes.subarray(start, start + size)
      this.#received = bytes.subarray(start + size)
      const opcode = first & 15
      if (opcode === OPCODE.TEXT) this.frames.push(JSON.parse(payload.toString()))
      else if (opcode === OPCODE.BINARY) this.#onFrame(payload)
      else if (opcode === OPCODE.PONG) this.pongs.push(payload.toString())
      else if (opcode === OPCODE.CLOSE) this.closeCode = payload.readUInt16BE(0)
    }
  }

  #onFrame(frame: Buffer): void {
    if (!this.#reader.read(frame, 0, frame.length))
      throw new Error(`no frame: ${frame.toString('hex')}`)
    this.frames.push(JSON.parse(jsonFromFrame(this.#reader, frame)))
  }
}

export function binaryFrame(frame: FrameObject): Buffer {
  const text = Buffer.from(JSON.stringify(frame))
  const out = Buffer.alloc(text.length + 64)
  const end = frameFromJson(text, 0, text.length, out, 0, 1 << 20)
  if (typeof end !== 'number') throw new Error(end.message)
  return out.subarray(0, end)
}

export function tcpFrame(binary: Uint8Array): Buffer {
  const out = Buffer.alloc(8 + binary.length)
  out.set(binary, 8)
  return out.subarray(writeLengthBefore(out, 8, out.length))
}

/** One masked frame of a client. */
export function webSocketFrame(opcode: number, payload: Uint8Array, isFinal = true): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[1] = 128 | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  else if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  head[0] = (isFinal ? 128 : 0) | opcode
  const mask = randomBytes(4)
  const masked = Buffer.from(payload).map((byte, at) => byte ^ mask[at & 3]!)
  return Buffer.concat([head, mask, masked])
}

export function upgradeHead(carrier: CarrierName): string {
  const lines = [
    'GET /push HTTP/1.1',
    'Host: node.example',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${carrier}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}
