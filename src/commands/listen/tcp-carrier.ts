/** Frames over a TCP connection of node:net. One device, so a chunk may be joined with its rest. */
import { connect, type Socket } from 'node:net'
import { LIMITS } from '../../protocol/frame-types.ts'
import {
  LENGTH_BYTES_MAX,
  TCP_EVENT,
  TcpFraming,
  writeLengthBefore,
} from '../../protocol/tcp-framing.ts'
import type { Carrier, CarrierEnd, CarrierSink } from './carrier.ts'
import type { DeviceTarget } from './device-target.ts'

export class TcpCarrier implements Carrier {
  readonly #socket: Socket
  readonly #sink: CarrierSink
  readonly #framing = new TcpFraming(LIMITS.frameBytesMax)
  #rest: Buffer = Buffer.alloc(0)
  #isOpen = false
  #hasEnded = false

  constructor(target: DeviceTarget, sink: CarrierSink) {
    this.#sink = sink
    this.#socket = connect({ host: target.host, port: target.port, noDelay: true })
    this.#socket.on('connect', () => {
      this.#isOpen = true
      sink.onOpen()
    })
    this.#socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    this.#socket.on('error', (failure: NodeJS.ErrnoException) => {
      const detail = failure.code ?? failure.message
      this.#end({ kind: this.#isOpen ? 'closed' : 'unreachable', code: 0, detail })
    })
    this.#socket.on('close', () => this.#end({ kind: 'closed', code: 0, detail: 'connection end' }))
  }

  send(frame: Uint8Array): void {
    const bytes = new Uint8Array(LENGTH_BYTES_MAX + frame.length)
    bytes.set(frame, LENGTH_BYTES_MAX)
    const start = writeLengthBefore(bytes, LENGTH_BYTES_MAX, bytes.length)
    if (this.#socket.writable) this.#socket.write(bytes.subarray(start))
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
      this.#socket.destroy()
      return
    }
    this.#socket.end()
    // Whatever still comes is read and dropped, so that the end of the peer is seen.
    this.#socket.resume()
    this.#socket.setTimeout(1_000, () => this.#socket.destroy())
  }

  #onChunk(chunk: Buffer): void {
    if (this.#hasEnded) return
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const framing = this.#framing
    let at = 0
    while (!this.#hasEnded && at < bytes.length) {
      const event = framing.next(bytes, at, bytes.length)
      if (event === TCP_EVENT.NEED_MORE) break
      if (event === TCP_EVENT.FAULT) {
        this.#end({ kind: 'fault', code: 0, detail: framing.fault ?? 'bad-length' })
        return
      }
      at = framing.bodyEnd
      this.#sink.onFrame(bytes, framing.bodyStart, framing.bodyEnd)
    }
    this.#rest = bytes.subarray(at)
  }

  #end(end: CarrierEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#socket.destroy()
    this.#sink.onEnd(end)
  }
}
