/**
 * Our readers and writers on node:net, as little as it takes: the other end in the tests is a real
 * WebSocket library. The server echoes messages and answers pings and closes; `onRefused` sees what
 * failed.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { LIMITS } from '../../src/protocol/frame-types.ts'
import {
  CONTROL_FRAME_BYTES_MAX,
  HEADER_BYTES_MAX,
  OPCODE,
} from '../../src/protocol/websocket-frame.ts'
import {
  UPGRADE_EVENT,
  UpgradeRequest,
  writeUpgradeRefusal,
  writeUpgradeResponse,
} from '../../src/protocol/websocket-handshake.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../../src/protocol/websocket-reader.ts'
import {
  NO_MASK,
  writeClose,
  writeHeaderBefore,
  writeWebSocketPong,
} from '../../src/protocol/websocket-writer.ts'

export interface PeerEvent {
  readonly kind: string
  readonly text: string
  readonly code: number
}

export class BareWebSocketPeer {
  onEvent: (event: PeerEvent) => void = () => {}
  readonly #socket: Socket
  readonly #reader: WebSocketReader
  readonly #maskKey: number
  readonly #isEchoing: boolean
  #kept: Uint8Array = new Uint8Array(0)
  #assembledBytes = 0
  #fragmentOpcode = 0

  constructor(socket: Socket, role: 'server' | 'client', isEchoing: boolean) {
    this.#socket = socket
    this.#reader = new WebSocketReader({ role, messageBytesMax: LIMITS.frameBytesMax })
    this.#maskKey = role === 'client' ? 0x5eed_cafe : NO_MASK
    this.#isEchoing = isEchoing
  }

  receive(chunk: Uint8Array): void {
    const bytes = Uint8Array.from(Buffer.concat([this.#kept, chunk]))
    const reader = this.#reader
    reader.begin(bytes, 0, bytes.length, this.#assembledBytes, this.#fragmentOpcode)
    for (;;) {
      const event = reader.next()
      if (event === WEBSOCKET_EVENT.NEED_MORE) break
      this.#answer(event, bytes)
    }
    this.#kept = bytes.slice(reader.keepFrom)
    this.#assembledBytes = reader.assembledBytes
    this.#fragmentOpcode = reader.fragmentOpcode
  }

  send(opcode: number, payload: Uint8Array): void {
    const out = new Uint8Array(HEADER_BYTES_MAX + payload.length)
    out.set(payload, HEADER_BYTES_MAX)
    const start = writeHeaderBefore(out, HEADER_BYTES_MAX, out.length, opcode, this.#maskKey)
    this.#socket.write(out.subarray(start))
  }

  close(code: number, reason: string): void {
    const out = new Uint8Array(CONTROL_FRAME_BYTES_MAX)
    this.#socket.write(out.subarray(0, writeClose(out, 0, code, reason, this.#maskKey)))
  }

  #answer(event: number, bytes: Uint8Array): void {
    const { payloadStart, payloadEnd } = this.#reader
    const payload = bytes.slice(payloadStart, payloadEnd)
    const text = Buffer.from(payload).toString()
    switch (event) {
      case WEBSOCKET_EVENT.PING: {
        const out = new Uint8Array(CONTROL_FRAME_BYTES_MAX)
        const end = writeWebSocketPong(out, 0, bytes, payloadStart, payloadEnd, this.#maskKey)
        this.#socket.write(out.subarray(0, end))
        break
      }
      case WEBSOCKET_EVENT.CLOSE: {
        const code = this.#reader.closeCode
        this.onEvent({ kind: 'CLOSE', text, code })
        this.close(code === 1005 ? 0 : code, text)
        this.#socket.end()
        break
      }
      case WEBSOCKET_EVENT.FAULT:
        this.onEvent({ kind: 'FAULT', text: this.#reader.fault ?? '', code: 0 })
        this.close(this.#reader.faultCloseCode, this.#reader.fault ?? '')
        this.#socket.end()
        break
      case WEBSOCKET_EVENT.PONG:
        this.onEvent({ kind: 'PONG', text, code: 0 })
        break
      default:
        if (this.#isEchoing) this.send(event, payload)
        this.onEvent({ kind: event === OPCODE.TEXT ? 'TEXT' : 'BINARY', text, code: 0 })
    }
  }
}

/**
 * Listens on loopback, port 0, and echoes; every peer that got through the handshake goes to
 * `onPeer`.
 */
export async function listenEcho(
  onPeer: (peer: BareWebSocketPeer) => void = () => {},
): Promise<Server & { readonly url: string }> {
  const server = createServer((socket) => {
    const request = new UpgradeRequest()
    let head = Buffer.alloc(0)
    let peer: BareWebSocketPeer | undefined
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      if (peer) return peer.receive(chunk)
      head = Buffer.concat([head, chunk])
      const event = request.read(head, 0, head.length)
      const out = new Uint8Array(512)
      if (event === UPGRADE_EVENT.FAULT) {
        const end = writeUpgradeRefusal(out, 0, request.faultStatus, request.fault ?? '')
        socket.end(out.subarray(0, end))
      } else if (event === UPGRADE_EVENT.UPGRADE) {
        socket.write(out.subarray(0, writeUpgradeResponse(out, 0, request)))
        peer = new BareWebSocketPeer(socket, 'server', true)
        onPeer(peer)
        peer.receive(head.subarray(request.headEnd))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return Object.assign(server, { url: `ws://127.0.0.1:${address.port}` })
}
