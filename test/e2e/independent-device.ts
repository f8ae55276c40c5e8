/**
 * A device over TCP, written from docs/protocol.md alone: it shares no line with src/, so that an
 * error which node and codec have in common shows here.
 */
import { connect, type Socket } from 'node:net'

export interface Welcome {
  readonly heartbeatSeconds: number
  readonly serverTimeMs: number
  readonly sessionId: string
}

export interface Message {
  readonly seq: number
  readonly text: string
}

export interface Bye {
  readonly code: number
  readonly reason: string
  readonly retryAfterMs: number
  readonly addresses: readonly string[]
}

function varint(value: number): number[] {
  const out: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    out.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return out
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value, 'utf8')]
  return [...varint(bytes.length), ...bytes]
}

/** Walks through the fields of a frame. */
class Fields {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new Error('the frame ends inside a number')
      value += (byte % 128) * scale
      if (byte < 128) return value
    }
  }

  text(): string {
    const end = this.number() + this.#at
    const value = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end
    return value
  }

  bytes(count: number): Buffer {
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at)
  }
}

export class IndependentDevice {
  readonly messages: Message[] = []
  pongs = 0
  welcome: Welcome | null = null
  bye: Bye | null = null
  isEnded = false
  isClosed = false
  readonly #socket: Socket
  #received = Buffer.alloc(0)

  constructor(address: string) {
    const { hostname, port } = new URL(`tcp://${address}`)
    this.#socket = connect(Number(port), hostname)
    this.#socket.on('data', (chunk) => this.#onBytes(chunk))
    this.#socket.on('end', () => {
      this.isEnded = true
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.isClosed = true
    })
  }

  hello(deviceId: string, token = '', tags: readonly string[] = []): void {
    const numbers = [...varint(0), ...varint(0), ...varint(0)]
    const words = [...text(deviceId), ...text(token), ...varint(tags.length), ...tags.flatMap(text)]
    this.#send(0x01, [1, 0, 6, ...numbers, ...words])
  }

  ping(): void {
    this.#send(0x02, [])
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #send(type: number, body: readonly number[]): void {
    this.#socket.write(Buffer.from([...varint(body.length + 1), type, ...body]))
  }

  #onBytes(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    for (;;) {
      const headEnd = this.#received.findIndex((byte) => byte < 128) + 1
      if (headEnd === 0) return
      const end = new Fields(this.#received, 0).number() + headEnd
      if (this.#received.length < end) return
      this.#onFrame(this.#received.subarray(headEnd, end))
      this.#received = this.#received.subarray(end)
    }
  }

  #onFrame(frame: Buffer): void {
    const fields = new Fields(frame, 1)
    switch (frame[0]) {
      case 0x81: {
        fields.bytes(1)
        const heartbeatSeconds = fields.number()
        const serverTimeMs = Number(fields.bytes(8).readBigUInt64BE())
        fields.number()
        fields.number()
        this.welcome = {
          heartbeatSeconds,
          serverTimeMs,
          sessionId: fields.bytes(8).toString('hex'),
        }
        return
      }
      case 0x82:
        this.pongs++
        return
      case 0x83: {
        const flags = fields.bytes(1)[0]!
        const seq = fields.number()
        if (flags & 4) fields.bytes(8)
        this.messages.push({ seq, text: fields.rest().toString('utf8') })
        return
      }
      case 0x85: {
        const code = fields.bytes(2).readUInt16BE()
        const reason = fields.text()
        const retryAfterMs = fields.number()
        const addresses = Array.from({ length: fields.number() }, () => fields.text())
        this.bye = { code, reason, retryAfterMs, addresses }
        this.#socket.end()
        return
      }
      default:
        throw new Error(`a frame that was not asked for: ${frame.toString('hex')}`)
    }
  }
}
