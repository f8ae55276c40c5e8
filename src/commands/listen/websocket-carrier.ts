/**
 * Frames over WebSocket, on the ws package and not on the project's own codec: a client that shares
 * no code with the node shows that both keep to RFC 6455. Of the readable carrier only the JSON
 * form of a frame is ours.
 */
import { WebSocket } from 'ws'
import { FrameReader } from '../../protocol/frame-reader.ts'
import { LIMITS } from '../../protocol/frame-types.ts'
import { frameFromJson, jsonFrameBytesMax, jsonFromFrame } from '../../protocol/json-frames.ts'
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../../protocol/websocket-handshake.ts'
import type { Carrier, CarrierEnd, CarrierSink } from './carrier.ts'
import type { DeviceTarget } from './device-target.ts'

const HANDSHAKE_TIMEOUT_MS = 10_000
/** A payload of 64 KiB as JSON text: escaped as \u0000 a byte takes six. */
const TEXT_BYTES_MAX = 7 * LIMITS.frameBytesMax

export class WebSocketCarrier implements Carrier {
  readonly #socket: WebSocket
  readonly #sink: CarrierSink
  readonly #isReadable: boolean
  readonly #reader = new FrameReader({ from: 'device' })
  #isOpen = false
  #hasEnded = false

  constructor(target: DeviceTarget, isReadable: boolean, sink: CarrierSink) {
    this.#sink = sink
    this.#isReadable = isReadable
    const subprotocol = isReadable ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY
    const socket = new WebSocket(target.url, [subprotocol], {
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: isReadable ? TEXT_BYTES_MAX : LIMITS.frameBytesMax,
      perMessageDeflate: false,
    })
    this.#socket = socket
    socket.on('open', () => {
      this.#isOpen = true
      sink.onOpen()
    })
    socket.on('message', (bytes: Buffer, isBinary: boolean) => this.#onMessage(bytes, isBinary))
    socket.on('unexpected-response', (_request, response) => {
      this.#end({ kind: 'refused', code: 0, detail: `HTTP ${response.statusCode}` })
    })
    socket.on('error', (failure: NodeJS.ErrnoException) => this.#onError(failure))
    socket.on('close', (code: number, reason: Buffer) => {
      this.#end({ kind: 'closed', code, detail: reason.toString() })
    })
  }

  send(frame: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    if (!this.#isReadable) this.#socket.send(frame)
    else if (this.#reader.read(frame, 0, frame.length)) {
      this.#socket.send(jsonFromFrame(this.#reader, frame))
    }
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (!this.#isOpen) {
      this.#socket.terminate()
      return
    }
    this.#socket.resume()
    this.#socket.close(1000)
    // ws waits 30 s for the peer's close frame; a person at a terminal does not.
    setTimeout(() => this.#socket.terminate(), 1_000).unref()
  }

  #onMessage(bytes: Buffer, isBinary: boolean): void {
    if (this.#hasEnded) return
    if (isBinary === this.#isReadable) {
      const detail = `a ${isBinary ? 'binary' : 'text'} message on ${this.#socket.protocol}`
      this.#end({ kind: 'fault', code: 0, detail })
      return
    }
    if (isBinary) {
      this.#sink.onFrame(bytes, 0, bytes.length)
      return
    }
    const frame = new Uint8Array(jsonFrameBytesMax(bytes.length))
    const end = frameFromJson(bytes, 0, bytes.length, frame, 0, TEXT_BYTES_MAX)
    if (typeof end === 'number') this.#sink.onFrame(frame, 0, end)
    else this.#end({ kind: 'fault', code: 0, detail: end.message })
  }

  #onError(failure: NodeJS.ErrnoException): void {
    const code = failure.code ?? ''
    const detail = code === '' ? failure.message : code
    // Codes of ws name what the peer did wrong; those of the system say that nobody was there.
    if (this.#isOpen) {
      const isFault = code.startsWith('WS_ERR_')
      this.#end({ kind: isFault ? 'fault' : 'closed', code: 0, detail })
      return
    }
    const isSystem = code.startsWith('E') || /timed out/.test(failure.message)
    this.#end({ kind: isSystem ? 'unreachable' : 'refused', code: 0, detail })
  }

  #end(end: CarrierEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#socket.terminate()
    this.#sink.onEnd(end)
  }
}
