/**
 * The node's side of single connections, by hand: a test says what each connection gets. It speaks
 * through the ws package and node:net, so a client is tested against other code than its own.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import {
  byeBytesMax,
  msgBytesMax,
  PONG_BYTES_MAX,
  WELCOME_BYTES_MAX,
  writeBye,
  writeMsg,
  writePong,
  writeWelcome,
} from '../../../src/protocol/frame-writer.ts'
import { frameFromJson, jsonFromFrame } from '../../../src/protocol/json-frames.ts'
import { TCP_EVENT, TcpFraming } from '../../../src/protocol/tcp-framing.ts'

export interface Peer {
  /** Frames of the device, as objects of the JSON form. */
  next(): Promise<Record<string, unknown>>
  send(frame: Uint8Array): void
  sendRaw(bytes: Uint8Array | string): void
  close(code?: number): void
  destroy(): void
  readonly ended: Promise<void>
}

export const WELCOME = welcome(30)

export function welcome(heartbeatSeconds: number): Uint8Array {
  const out = new Uint8Array(WELCOME_BYTES_MAX)
  const numbers = { flags: 0, serverTimeMs: 0, inboxSeq: 0, broadcastSeq: 0 }
  const session = { sessionIdHigh: 0, sessionIdLow: 1 }
  return out.subarray(0, writeWelcome(out, 0, { ...numbers, ...session, heartbeatSeconds }))
}

export function msg(payload: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(payload)
  const out = new Uint8Array(msgBytesMax(bytes.length))
  return out.subarray(0, writeMsg(out, 0, 0, 0, -1, bytes, 0, bytes.length))
}

export function bye(
  code: number,
  reason: string,
  retryMs = 0,
  addresses: string[] = [],
): Uint8Array {
  const out = new Uint8Array(byeBytesMax(reason, addresses))
  return out.subarray(0, writeBye(out, 0, code, reason, retryMs, addresses))
}

export function pong(heartbeatSeconds = -1): Uint8Array {
  const out = new Uint8Array(PONG_BYTES_MAX)
  return out.subarray(0, writePong(out, 0, heartbeatSeconds))
}

/** Connections in the order they come. */
export class ScriptedNode {
  readonly url: string
  readonly #server: Server | WebSocketServer
  readonly #waiting: ((peer: Peer) => void)[] = []
  readonly #peers: Peer[] = []
  readonly #all: Peer[] = []

  private constructor(server: Server | WebSocketServer, scheme: string) {
    this.#server = server
    const { port } = server.address() as AddressInfo
    this.url = `${scheme}://127.0.0.1:${port}${scheme === 'tcp' ? '' : '/'}`
    server.on('connection', (connection: Socket | WebSocket) => {
      const isTcp = 'setNoDelay' in connection
      this.#onPeer(isTcp ? tcpPeer(connection) : webSocketPeer(connection))
    })
  }

  static async start(carrier: 'tcp' | 'ws'): Promise<ScriptedNode> {
    const server =
      carrier === 'tcp'
        ? createServer().listen(0, '127.0.0.1')
        : new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    return new ScriptedNode(server, carrier)
  }

  /** The next connection, once it is there. */
  peer(): Promise<Peer> {
    const peer = this.#peers.shift()
    if (peer !== undefined) return Promise.resolve(peer)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async stop(): Promise<void> {
    for (const peer of this.#all) peer.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #onPeer(peer: Peer): void {
    this.#all.push(peer)
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#peers.push(peer)
    else waiting(peer)
  }
}

class FrameQueue {
  readonly #frames: Record<string, unknown>[] = []
  readonly #waiting: ((frame: Record<string, unknown>) => void)[] = []

  put(text: string): void {
    const frame = JSON.parse(text) as Record<string, unknown>
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#frames.push(frame)
    else waiting(frame)
  }

  next(): Promise<Record<string, unknown>> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return Promise.resolve(frame)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

function textOf(frame: Uint8Array, from: 'device' | 'node'): string {
  const reader = new FrameReader({ from })
  if (!reader.read(frame, 0, frame.length)) throw new Error(`a bad frame: ${reader.fault}`)
  return jsonFromFrame(reader, frame)
}

function tcpPeer(socket: Socket): Peer {
  const queue = new FrameQueue()
  const framing = new TcpFraming(65_536)
  let bytes = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    while (framing.next(bytes, 0, bytes.length) === TCP_EVENT.FRAME) {
      queue.put(textOf(bytes.subarray(framing.bodyStart, framing.bodyEnd), 'device'))
      bytes = bytes.subarray(framing.bodyEnd)
    }
  })
  return {
    next: () => queue.next(),
    send: (frame) => {
      const { length } = frame
      const head = length < 128 ? [length] : [(length & 127) | 128, (length >> 7) & 127]
      if (length >= 16_384) head[1] |= 128
      if (length >= 16_384) head.push(length >> 14)
      socket.write(Buffer.concat([Uint8Array.from(head), frame]))
    },
    sendRaw: (raw) => void socket.write(raw),
    close: () => void socket.end(),
    destroy: () => void socket.destroy(),
    ended: new Promise((resolve) => socket.on('close', () => resolve())),
  }
}

function webSocketPeer(socket: WebSocket): Peer {
  const queue = new FrameQueue()
  const isReadable = socket.protocol === 'push.v1.json'
  socket.on('error', () => {})
  socket.on('message', (raw: Buffer, isBinary) => {
    if (isBinary === isReadable) throw new Error('a message of the wrong kind')
    queue.put(isBinary ? textOf(raw, 'device') : checkedText(raw))
  })
  return {
    next: () => queue.next(),
    send: (frame) => socket.send(isReadable ? textOf(frame, 'node') : frame),
    sendRaw: (raw) => socket.send(raw),
    close: (code) => socket.close(code),
    destroy: () => socket.terminate(),
    ended: new Promise((resolve) => socket.on('close', () => resolve())),
  }
}

/** The text as the project's own JSON reader understands it. */
function checkedText(raw: Buffer): string {
  const out = new Uint8Array(raw.length + 64)
  const end = frameFromJson(raw, 0, raw.length, out, 0)
  if (typeof end !== 'number') throw new Error(end.message)
  return textOf(out.subarray(0, end), 'device')
}
